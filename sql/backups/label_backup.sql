-- Give a backup of a pad of this owner a label, or take it away (null). No row: no such backup.
-- Index: those of pad_ws.label_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v backup_id="'…'" -v label="'…'" -f sql/backups/label_backup.sql

SELECT
    id,
    taken_at AS timestamp,
    reason,
    name AS label,
    version,
    elements,
    bytes
FROM pad_ws.label_backup(:owner_id, :pad_id, :backup_id, :label::text);
