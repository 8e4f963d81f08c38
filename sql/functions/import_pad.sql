-- Makes a pad of a takeout, as it was there: with its name, version and times. One that its owner has already, under
-- either id, is left as it is; `differs` says whether it is another drawing by now (one that has its pictures in its
-- scene is compared by split_pictures). An id that is somebody else's gives way to the one that is derived from it
-- and the owner. Either way the pad's row is locked. Its pictures come after that: add_pictures, keep_pictures.
-- No row: both ids are somebody else's.
-- Constraints: pads_data_is_scene; the owner must exist (pads_owner_id_fkey).
-- Index: pads_id_owner_id_key; users_deleted_idx and users_pkey, as for any new pad.

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
    is_new := FALSE;
    -- An id that has just been taken can be this owner's by now: the same takeout may be on its way in twice. So the
    -- pad is looked for again after each attempt, the last included.
    FOREACH id IN ARRAY ARRAY[pad_id, derived_id, derived_id] LOOP
        SELECT pads.id, pads.data, pads.pictures, pads.deleted_at INTO pad
        FROM pad_ws.pads AS pads
        WHERE
            pads.id IN (import_pad.pad_id, import_pad.derived_id)
            AND pads.owner_id = import_pad.owner_id
        ORDER BY pads.id = import_pad.derived_id
        LIMIT 1
        FOR NO KEY UPDATE;
        EXIT WHEN FOUND;

        BEGIN
            PERFORM pad_ws.add_pad(owner_id, id, display_name, scene, NULL, last_backup_at);
            is_new := TRUE;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- somebody has it: look again
        END;
    END LOOP;

    IF is_new THEN
        UPDATE pad_ws.pads AS pads
        SET
            pictures = import_pad.pictures,
            version = import_pad.version,
            created_at = import_pad.created_at,
            updated_at = import_pad.updated_at
        WHERE
            pads.id = import_pad.id
            AND pads.owner_id = import_pad.owner_id;
        differs := FALSE;
        is_in_trash := FALSE;
        RETURN NEXT;
    ELSIF pad.id IS NOT NULL THEN
        id := pad.id;
        is_in_trash := pad.deleted_at IS NOT NULL;
        IF pad.pictures IS NULL AND import_pad.pictures IS NOT NULL THEN -- it has them in its scene
            SELECT split.rest AS data, split.pictures INTO pad
            FROM pad_ws.split_pictures(owner_id, pad.data) AS split;
        END IF;
        differs := pad.pictures IS DISTINCT FROM import_pad.pictures
            OR pad_ws.unmarked_scene(pad.data) <> pad_ws.unmarked_scene(scene);
        RETURN NEXT;
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.import_pad IS
'Makes a pad of a takeout as it was there, unless its owner has it already; its row is locked.';
