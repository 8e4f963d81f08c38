-- Backs up a scene that was not saved, as a later one is there already, and says the backup's id: that of
-- the newest, if it holds the scene already; null if the pad itself does.
-- To be called by whoever holds the lock on the pad's row, and the pictures.
-- Index: pads_id_owner_id_key; find_backup, take_backup.

CREATE OR REPLACE FUNCTION pad_ws.keep_overtaken(
    owner_id uuid, pad_id uuid, scene jsonb, pictures jsonb, moment timestamptz, retention jsonb
)
RETURNS uuid
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
    marked jsonb;
    kept uuid;
BEGIN
    SELECT pads.display_name, pads.pictures, pads.data INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = keep_overtaken.pad_id
        AND pads.owner_id = keep_overtaken.owner_id;

    marked := pad_ws.stamp_scene(scene, pad_id, pad.display_name);
    IF NOT pad_ws.is_scene(scene) THEN
        RAISE check_violation USING
            MESSAGE = 'What you save is not a scene (pads_data_is_scene)',
            CONSTRAINT = 'pads_data_is_scene';
    END IF;
    IF pad.data = marked AND pad.pictures IS NOT DISTINCT FROM pictures THEN
        RETURN NULL;
    END IF;

    kept := pad_ws.find_backup(owner_id, pad_id, marked, pictures, FALSE);
    IF kept IS NULL THEN
        kept := gen_random_uuid();
        PERFORM pad_ws.take_backup(
            owner_id, pad_id, kept, moment, 'replaced', marked, pictures, retention
        );
    END IF;
    RETURN kept;
END
$$;

COMMENT ON FUNCTION pad_ws.keep_overtaken IS
'Backs up a scene that was not saved, as a later one is there already.';
