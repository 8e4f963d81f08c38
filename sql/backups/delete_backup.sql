-- Delete one backup of a pad of this owner; when it was the newest, the pad says which is now. The
-- pad's row is locked first, as a save does it; if that had to wait for a save, the time that the
-- save has noted for its backup stays. No row: no such backup.
-- Index: pads_pkey, backups_pkey, backups_source_id_created_at_idx.
-- psql -v backup_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -f sql/backups/delete_backup.sql

WITH pad AS (
    SELECT id
    FROM pad_ws.pads
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
    FOR NO KEY UPDATE
),

deleted AS (
    DELETE FROM pad_ws.backups
    USING pad
    WHERE
        backups.id = :backup_id
        AND backups.source_id = pad.id
    RETURNING backups.id, backups.source_id, backups.created_at
)

UPDATE pad_ws.pads
SET
    last_backup_at = CASE
        WHEN pads.last_backup_at <> deleted.created_at THEN pads.last_backup_at
        ELSE (
            SELECT max(backups.created_at)
            FROM pad_ws.backups
            WHERE
                backups.source_id = pads.id
                AND backups.id <> :backup_id
        )
    END
FROM deleted
WHERE pads.id = deleted.source_id
RETURNING deleted.id;
