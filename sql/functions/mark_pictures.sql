-- A scene with a mark and its digest in place of each picture that is kept apart, so that files can be
-- compared by what they show. unmark_pictures takes them out again. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.mark_pictures(scene jsonb, pictures jsonb, mark text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    files jsonb := scene -> 'files';
BEGIN
    IF pictures IS NULL OR files = '{}' OR jsonb_typeof(files) IS DISTINCT FROM 'object' THEN
        RETURN scene;
    END IF;
    RETURN jsonb_set(scene, '{files}', (
        SELECT
            jsonb_object_agg(file.key, CASE
                WHEN
                    pictures ? file.key
                    AND jsonb_typeof(file.value) = 'object'
                    AND NOT file.value ? 'dataURL'
                    THEN file.value || jsonb_build_object('dataURL', mark || (pictures ->> file.key))
                ELSE file.value
            END)
        FROM jsonb_each(files) AS file
    ));
END
$$;

COMMENT ON FUNCTION pad_ws.mark_pictures IS
'A scene with a mark and its digest in place of each picture that is kept apart.';
