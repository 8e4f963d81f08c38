-- Make a backup's scene the pad's, after backing up what it replaces, if no backup holds it, and prune. No row
-- if the pad is not this owner's, not at an accepted version, or has no such backup.
-- Index: those of pad_ws.restore_backup.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v backup_id="'…'" -v accepted_versions="'{(,)}'" \
--      -v retention="'{\"newest\": 10, \"hourly\": 24, \"daily\": 30, \"weekly\": 52, \"replaced_days\": 30}'" \
--      -v new_pictures=true -f sql/backups/restore_backup.sql

SELECT
    version,
    updated_at,
    pruned
FROM pad_ws.restore_backup(
    :owner_id, :pad_id, :backup_id, :accepted_versions::int8multirange, :retention::jsonb, :new_pictures
);
