-- Saves a scene: writes it if the pad is this owner's and at an accepted version, raises the version,
-- takes a backup if one is due, prunes. `pictures` maps each file whose picture is kept apart to its digest;
-- `contents` need only have those that are not stored yet. If any is missing, nothing is written, and the row
-- has the digests. No row: no such pad, or another version.
-- Index: pads_id_owner_id_key; where the pad has no last_backup_at, backups_source_id_created_at_idx; where
-- pictures has changed, add_pictures and keep_pictures; take_backup.

CREATE OR REPLACE FUNCTION pad_ws.save_pad(
    owner_id uuid,
    pad_id uuid,
    scene jsonb,
    pictures jsonb,
    contents json,
    accepted_versions int8multirange,
    backup_interval interval,
    keep integer
)
RETURNS TABLE (version bigint, updated_at timestamptz, pruned bigint, missing text[])
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
    newest_backup_at timestamptz;
    backup_is_due boolean;
    has_other_pictures boolean;
BEGIN
    -- Saves of one pad queue for its row here. Whatever depends on the save before is decided after
    -- that: which version this is, what time it is, and whether a backup is due.
    SELECT pads.display_name, pads.version, pads.created_at, pads.last_backup_at, pads.pictures INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = save_pad.pad_id
        AND pads.owner_id = save_pad.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    -- The pictures that the pad has are there: it refers to them.
    has_other_pictures := pictures IS DISTINCT FROM pad.pictures;
    IF has_other_pictures THEN
        missing := pad_ws.add_pictures(owner_id, pictures, contents);
        IF missing IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;

    version := pad.version + 1;
    updated_at := clock_timestamp();

    -- A pad that pad.ws wrote has no last_backup_at: look at its backups.
    newest_backup_at := coalesce(pad.last_backup_at, (
        SELECT max(backups.created_at)
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = save_pad.pad_id
            AND backups.owner_id = save_pad.owner_id
    ));

    backup_is_due := pad_ws.is_backup_due(newest_backup_at, updated_at, backup_interval);

    UPDATE pad_ws.pads AS pads
    SET
        data = pad_ws.stamp_scene(scene, save_pad.pad_id, pad.display_name),
        pictures = save_pad.pictures,
        version = save_pad.version,
        -- A pad from the future (a clock that was set back) was made now at the latest.
        created_at = CASE
            WHEN pad.created_at > save_pad.updated_at THEN save_pad.updated_at
            ELSE pad.created_at
        END,
        updated_at = save_pad.updated_at,
        last_backup_at = CASE WHEN backup_is_due THEN save_pad.updated_at ELSE newest_backup_at END
    WHERE
        pads.id = save_pad.pad_id
        AND pads.owner_id = save_pad.owner_id;

    IF has_other_pictures THEN
        PERFORM pad_ws.keep_pictures(owner_id, pad_id, pictures);
    END IF;
    IF backup_is_due THEN
        pruned := pad_ws.take_backup(owner_id, pad_id, gen_random_uuid(), updated_at, 'interval', keep);
    END IF;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.save_pad IS
'Saves a scene, and backs it up when that is due; says which pictures are missing, or no row, if nothing was written.';
