-- A scene as others may have it: without elements that are deleted and files that no other element shows, and
-- without whose it is (appState.pad.uniqueId) and who draws there (appState.collaborators). Putting a large scene
-- together costs more than anything else here, so that is done once; elements stay as they are if none is deleted.
-- Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.scene_for_others(scene jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    elements jsonb := scene -> 'elements';
    files jsonb := scene -> 'files';
BEGIN
    IF jsonb_typeof(scene) IS DISTINCT FROM 'object' THEN
        RETURN scene;
    END IF;

    IF jsonb_typeof(elements) = 'array' THEN
        IF elements @? '$[*] ? (@.isDeleted == true)' THEN
            elements := jsonb_path_query_array(elements, '$[*] ? (!(@.isDeleted == true))');
        END IF;
        IF jsonb_typeof(files) = 'object' AND files <> '{}' THEN
            SELECT coalesce(jsonb_object_agg(file.key, file.value), '{}') INTO files
            FROM jsonb_each(scene -> 'files') AS file
            WHERE
                file.key IN (
                    SELECT shown.file_id #>> '{}' FROM jsonb_path_query(elements, '$[*].fileId') AS shown (file_id)
                );
        END IF;
    END IF;

    RETURN (
        SELECT
            jsonb_object_agg(member.key, CASE
                WHEN member.key = 'elements' THEN elements
                WHEN member.key = 'files' THEN files
                -- What pad.ws has written may have no mark, or something else in its place.
                WHEN member.key = 'appState' AND jsonb_typeof(member.value -> 'pad') = 'object'
                    THEN member.value #- '{pad,uniqueId}' #- '{collaborators}'
                WHEN member.key = 'appState' AND jsonb_typeof(member.value) = 'object'
                    THEN member.value - 'collaborators'
                ELSE member.value
            END)
        FROM jsonb_each(scene) AS member
    );
END
$$;

COMMENT ON FUNCTION pad_ws.scene_for_others IS
'A scene without what is deleted in it and without whose it is.';
