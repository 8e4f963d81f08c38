-- One backup of a pad of this owner. Index: backups_pkey, pads_pkey.
-- psql -v backup_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -f sql/backups/get_backup.sql

SELECT
    backups.id,
    coalesce(backups.created_at, backups.updated_at, 'epoch') AS timestamp,
    backups.data
FROM pad_ws.backups AS backups
INNER JOIN pad_ws.pads AS pads ON backups.source_id = pads.id
WHERE
    backups.id = :backup_id
    AND pads.id = :pad_id
    AND pads.owner_id = :owner_id;
