-- Back up a pad of its owner as it is now, and prune; the newest backup, with `pruned` null, if that shows the
-- same already. No row: no such pad of this owner.
-- Index: those of pad_ws.insert_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" \
--      -v retention="'{\"newest\": 10, \"hourly\": 24, \"daily\": 30, \"weekly\": 52, \"replaced_days\": 30}'" \
--      -f sql/backups/insert_backup.sql

SELECT
    id,
    taken_at AS timestamp,
    reason,
    label,
    version,
    elements,
    bytes,
    data,
    files,
    pictures,
    pruned,
    digest,
    content
FROM pad_ws.insert_backup(:owner_id, :pad_id, :retention::jsonb);
