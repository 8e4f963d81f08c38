-- A scene without what mark_pictures has put into it, and which file has which picture. Null in place
-- of those: none has one. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.unmark_pictures(
    scene jsonb, mark text, OUT rest jsonb, OUT pictures jsonb
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    files jsonb := scene -> 'files';
BEGIN
    rest := scene;
    IF jsonb_typeof(files) IS DISTINCT FROM 'object' THEN
        RETURN;
    END IF;

    SELECT jsonb_object_agg(file.key, right(file.value ->> 'dataURL', -length(mark))) INTO pictures
    FROM jsonb_each(files) AS file
    WHERE starts_with(file.value ->> 'dataURL', mark);

    IF pictures IS NOT NULL THEN
        rest := jsonb_set(scene, '{files}', (
            SELECT
                jsonb_object_agg(file.key, CASE
                    WHEN pictures ? file.key THEN file.value - 'dataURL'
                    ELSE file.value
                END)
            FROM jsonb_each(files) AS file
        ));
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.unmark_pictures IS
'A scene without what mark_pictures has put into it, and which file has which picture.';
