-- Bring elements of a backup, with their pictures, back into the pad as it is, after backing that up, if no
-- backup holds it, and prune. No row if the pad is not this owner's, not at an accepted version, or has no such
-- backup.
-- Index: those of pad_ws.restore_elements.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v backup_id="'…'" -v element_ids="'{…}'" -v accepted_versions="'{(,)}'" \
--      -v retention="'{\"newest\": 10, \"hourly\": 24, \"daily\": 30, \"weekly\": 52, \"replaced_days\": 30}'" \
--      -v new_pictures=true -v most_bytes=20000000 -v most_values=3000000 -f sql/backups/restore_elements.sql

SELECT
    version,
    updated_at,
    pruned
FROM pad_ws.restore_elements(
    :owner_id,
    :pad_id,
    :backup_id,
    :element_ids::text[],
    :accepted_versions::int8multirange,
    :retention::jsonb,
    :new_pictures,
    :most_bytes::bigint,
    :most_values::bigint
);
