-- Delete one backup of a pad of this owner; when the pad's newest is now an older one, so does the
-- pad say. The pad's row is locked first, as a save does it. No row: no such backup.
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
    RETURNING backups.id, backups.source_id
)

UPDATE pad_ws.pads
SET
    last_backup_at = (
        SELECT max(backups.created_at)
        FROM pad_ws.backups
        WHERE
            backups.source_id = pads.id
            AND backups.id <> :backup_id
    )
FROM deleted
WHERE pads.id = deleted.source_id
RETURNING deleted.id;
