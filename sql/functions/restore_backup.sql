-- Makes a backup's scene the pad's, after backing up what it replaces, unless any backup holds that already,
-- and prunes. No row, and nothing changed, if the pad is not this owner's, not at an accepted version, or has
-- no such backup. With
-- new_pictures, those of an old backup, which has them in its scene, are kept apart from now on
-- (split_pictures).
-- Index: pads_id_owner_id_key, backups_id_owner_id_key; find_backup, take_backup, keep_pictures.

CREATE OR REPLACE FUNCTION pad_ws.restore_backup(
    owner_id uuid,
    pad_id uuid,
    backup_id uuid,
    accepted_versions int8multirange,
    retention jsonb,
    new_pictures boolean
)
RETURNS TABLE (version bigint, updated_at timestamptz, pruned bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
    restored record;
    backed_up_at timestamptz;
BEGIN
    -- The pad's row first, as a save locks it: no save comes in between.
    SELECT
        pads.display_name,
        pads.version,
        pads.created_at,
        pads.last_backup_at,
        pads.pictures,
        pads.data
    INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = restore_backup.pad_id
        AND pads.owner_id = restore_backup.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    -- Read before anything is pruned: it may be the oldest.
    SELECT backups.data, backups.pictures INTO restored
    FROM pad_ws.backups AS backups
    WHERE
        backups.id = restore_backup.backup_id
        AND backups.source_id = restore_backup.pad_id
        AND backups.owner_id = restore_backup.owner_id;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    IF new_pictures AND restored.pictures IS NULL THEN
        SELECT split.data, split.pictures INTO restored
        FROM pad_ws.split_pictures(owner_id, restored.data) AS split (data, pictures);
    END IF;

    version := pad.version + 1;
    backed_up_at := clock_timestamp();
    updated_at := greatest(backed_up_at, pad.created_at);
    IF
        jsonb_typeof(pad.data) = 'object' -- pad.ws keeps other things, too
        AND pad_ws.find_backup(owner_id, pad_id, pad.data, pad.pictures, TRUE) IS NULL
    THEN
        pruned := pad_ws.take_backup(
            owner_id, pad_id, gen_random_uuid(), backed_up_at, 'restore', NULL, NULL, retention
        );
    END IF;

    UPDATE pad_ws.pads AS pads
    SET
        data = pad_ws.stamp_scene(restored.data, restore_backup.pad_id, pad.display_name),
        pictures = restored.pictures,
        version = restore_backup.version,
        restored_version = restore_backup.version,
        updated_at = restore_backup.updated_at,
        last_backup_at = CASE WHEN pruned IS NOT NULL THEN backed_up_at ELSE pad.last_backup_at END,
        saved_at = restore_backup.updated_at,
        arrived_at = now()
    WHERE
        pads.id = restore_backup.pad_id
        AND pads.owner_id = restore_backup.owner_id;
    IF restored.pictures IS DISTINCT FROM pad.pictures THEN
        PERFORM pad_ws.keep_pictures(owner_id, pad_id, restored.pictures);
    END IF;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.restore_backup IS
'Makes a backup''s scene the pad''s, what it replaces a backup; no row if nothing was written.';
