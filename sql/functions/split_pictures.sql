-- Takes the pictures out of a scene that is in the database whole, and keeps them apart: gives the rest
-- of the scene, and which file has which picture. Null in place of those: the scene has none. Saves
-- arrive apart already (padws/pictures.py, which has the same limit of 2,048 bytes). A scene whose files
-- nest too deeply (nest_deeply) stays whole.
-- Index: those of add_pictures.

CREATE OR REPLACE FUNCTION pad_ws.split_pictures(
    owner_id uuid, scene jsonb, OUT rest jsonb, OUT pictures jsonb
)
LANGUAGE plpgsql
AS $$
DECLARE
    files jsonb := scene -> 'files';
BEGIN
    rest := scene;
    IF jsonb_typeof(files) IS DISTINCT FROM 'object' OR pad_ws.nest_deeply(files) THEN
        RETURN;
    END IF;

    SELECT
        jsonb_object_agg(file.key, encode(sha256(convert_to(file.value ->> 'dataURL', 'UTF8')), 'hex'))
    INTO pictures
    FROM jsonb_each(files) AS file
    WHERE
        jsonb_typeof(file.value -> 'dataURL') = 'string'
        AND octet_length(file.value ->> 'dataURL') > 2048;

    IF pictures IS NULL THEN
        RETURN;
    END IF;

    PERFORM pad_ws.add_pictures(owner_id, pictures, (
        SELECT json_object_agg(taken.value, files -> taken.key -> 'dataURL')
        FROM jsonb_each_text(pictures) AS taken
    ));
    rest := jsonb_set(scene, '{files}', (
        SELECT
            jsonb_object_agg(file.key, CASE
                WHEN pictures ? file.key THEN file.value - 'dataURL'
                ELSE file.value
            END)
        FROM jsonb_each(files) AS file
    ));
END
$$;

COMMENT ON FUNCTION pad_ws.split_pictures IS
'Takes the pictures out of a scene, and keeps them apart.';
