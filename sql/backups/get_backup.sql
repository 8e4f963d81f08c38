-- One backup of a pad of this owner. Index: backups_pkey.
-- psql -v backup_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -f sql/backups/get_backup.sql

SELECT
    id,
    coalesce(created_at, updated_at, 'epoch') AS timestamp,
    reason,
    data
FROM pad_ws.backups
WHERE
    id = :backup_id
    AND source_id = :pad_id
    AND owner_id = :owner_id;
