-- The newest backups of a pad within a time, newest first, beside the pad's name. A pad without
-- backups gives one row without a backup; no row: no such pad of this owner.
-- Index: pads_id_owner_id_key, backups_source_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v with_data=true -v from_time="'-infinity'" -v to_time="'infinity'" \
--      -v limit=10 -f sql/backups/list_backups.sql

SELECT
    pads.display_name AS pad_name,
    backup.id,
    backup.taken_at AS timestamp,
    backup.reason,
    CASE WHEN :with_data THEN backup.data END AS data
FROM pad_ws.pads AS pads
LEFT JOIN LATERAL (
    SELECT
        backups.id,
        backups.reason,
        backups.data,
        coalesce(backups.created_at, backups.updated_at, 'epoch') AS taken_at
    FROM pad_ws.backups AS backups
    WHERE
        backups.source_id = pads.id
        AND backups.owner_id = :owner_id
        AND coalesce(backups.created_at, backups.updated_at, 'epoch') >= :from_time::timestamptz
        AND coalesce(backups.created_at, backups.updated_at, 'epoch') < :to_time::timestamptz
    ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
    LIMIT :limit::integer
) AS backup ON TRUE
WHERE
    pads.id = :pad_id
    AND pads.owner_id = :owner_id;
