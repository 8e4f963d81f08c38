-- Deletes one backup of a pad of this owner; if it was the newest, the pad's last_backup_at becomes that
-- of the next. No row: no such backup.
-- Index: pads_id_owner_id_key, backups_id_owner_id_key, backups_source_id_created_at_idx; backup_pictures_pkey,
-- for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.delete_backup(owner_id uuid, pad_id uuid, backup_id uuid)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql
AS $$
DECLARE
    newest_backup_at timestamptz;
    deleted_at timestamptz;
BEGIN
    -- The pad's row first, as a save locks it, so that no save's last_backup_at is overwritten.
    SELECT pads.last_backup_at INTO newest_backup_at
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = delete_backup.pad_id
        AND pads.owner_id = delete_backup.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    DELETE FROM pad_ws.backups AS backups
    WHERE
        backups.id = delete_backup.backup_id
        AND backups.source_id = delete_backup.pad_id
        AND backups.owner_id = delete_backup.owner_id
    RETURNING backups.id, backups.created_at INTO delete_backup.id, deleted_at;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    IF newest_backup_at = deleted_at THEN
        UPDATE pad_ws.pads AS pads
        SET last_backup_at = (
            SELECT max(backups.created_at)
            FROM pad_ws.backups AS backups
            WHERE
                backups.source_id = delete_backup.pad_id
                AND backups.owner_id = delete_backup.owner_id
        )
        WHERE
            pads.id = delete_backup.pad_id
            AND pads.owner_id = delete_backup.owner_id;
    END IF;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.delete_backup IS
'Deletes a backup; no row if there is no such backup.';
