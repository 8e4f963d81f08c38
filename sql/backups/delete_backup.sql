-- Delete one backup of a pad of this owner. No row: no such backup.
-- Index: those of pad_ws.delete_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v backup_id="'…'" -f sql/backups/delete_backup.sql

SELECT id
FROM pad_ws.delete_backup(:owner_id, :pad_id, :backup_id);
