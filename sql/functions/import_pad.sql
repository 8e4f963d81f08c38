-- Makes a pad of a takeout, as it was there: with its name, version and times. One that its owner has already, under
-- either id, is left as it is; `differs` says whether it is another drawing by now (one that has its pictures in its
-- scene is compared by split_pictures). An id that is somebody else's gives way to the one that is derived from it
-- and the owner. Its pictures must be there: see add_pictures.
-- Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey).
-- Index: pads_id_owner_id_key; add_pad.

CREATE OR REPLACE FUNCTION pad_ws.import_pad(
    owner_id uuid,
    pad_id uuid,
    derived_id uuid,
    display_name text,
    scene jsonb,
    pictures jsonb,
    version bigint,
    created_at timestamptz,
    updated_at timestamptz,
    last_backup_at timestamptz
)
RETURNS TABLE (id uuid, is_new boolean, differs boolean, is_in_trash boolean)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
BEGIN
    SELECT pads.id, pads.data, pads.display_name, pads.pictures, pads.deleted_at INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id IN (import_pad.pad_id, import_pad.derived_id)
        AND pads.owner_id = import_pad.owner_id
    ORDER BY pads.id = import_pad.derived_id
    LIMIT 1
    FOR NO KEY UPDATE;

    IF FOUND THEN
        id := pad.id;
        is_new := FALSE;
        is_in_trash := pad.deleted_at IS NOT NULL;
        IF pad.pictures IS NULL AND import_pad.pictures IS NOT NULL THEN -- it has them in its scene
            SELECT pad.id AS id, split.rest AS data, pad.display_name AS display_name, split.pictures AS pictures
            INTO pad
            FROM pad_ws.split_pictures(owner_id, pad.data) AS split;
        END IF;
        differs := pad.pictures IS DISTINCT FROM import_pad.pictures
            OR pad.data IS DISTINCT FROM pad_ws.stamp_scene(scene, pad.id, pad.display_name);
        RETURN NEXT;
        RETURN;
    END IF;

    is_new := TRUE;
    differs := FALSE;
    is_in_trash := FALSE;
    BEGIN
        id := pad_id;
        PERFORM pad_ws.add_pad(owner_id, id, display_name, scene, pictures, last_backup_at);
    EXCEPTION WHEN unique_violation THEN
        id := derived_id;
        PERFORM pad_ws.add_pad(owner_id, id, display_name, scene, pictures, last_backup_at);
    END;

    UPDATE pad_ws.pads AS pads
    SET
        version = import_pad.version,
        created_at = import_pad.created_at,
        updated_at = import_pad.updated_at
    WHERE
        pads.id = import_pad.id
        AND pads.owner_id = import_pad.owner_id;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.import_pad IS
'Makes a pad of a takeout as it was there, unless its owner has it already.';
