-- Back up a pad of its owner as it is now, and prune. No row: no such pad of this owner.
-- Index: those of pad_ws.insert_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v keep=10 -f sql/backups/insert_backup.sql

SELECT
    id,
    taken_at AS timestamp,
    'manual' AS reason,
    data,
    files,
    pictures,
    pruned,
    digest,
    content
FROM pad_ws.insert_backup(:owner_id, :pad_id, :keep::integer);
