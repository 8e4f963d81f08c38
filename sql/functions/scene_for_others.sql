-- A scene as others may have it: without elements that are deleted and files that no other element shows, and
-- without whose it is (appState.pad.uniqueId) and who draws there (appState.collaborators).
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.scene_for_others(scene jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    shown jsonb;
BEGIN
    IF jsonb_typeof(scene #> '{appState,pad}') = 'object' THEN
        scene := scene #- '{appState,pad,uniqueId}' #- '{appState,collaborators}';
    END IF;

    IF jsonb_typeof(scene -> 'elements') = 'array' THEN
        SELECT coalesce(jsonb_agg(elements.value ORDER BY elements.place), '[]') INTO shown
        FROM jsonb_array_elements(scene -> 'elements') WITH ORDINALITY AS elements (value, place)
        WHERE elements.value -> 'isDeleted' IS DISTINCT FROM 'true';
        scene := scene || jsonb_build_object('elements', shown);
    END IF;

    IF shown IS NOT NULL AND jsonb_typeof(scene -> 'files') = 'object' THEN
        scene := scene || jsonb_build_object('files', (
            SELECT coalesce(jsonb_object_agg(file.key, file.value), '{}')
            FROM jsonb_each(scene -> 'files') AS file
            WHERE file.key IN (SELECT each.value ->> 'fileId' FROM jsonb_array_elements(shown) AS each)
        ));
    END IF;
    RETURN scene;
END
$$;

COMMENT ON FUNCTION pad_ws.scene_for_others IS
'A scene without what is deleted in it and without whose it is.';
