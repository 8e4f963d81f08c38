-- The newest backups over all of a user's pads, newest first: of each pad no more than the limit
-- is looked at. Index: pads_owner_id_created_at_idx, backups_source_id_created_at_idx.
-- psql -v owner_id="'…'" -v limit=10 -f sql/backups/list_recent_backups.sql

SELECT
    backup.id,
    coalesce(backup.created_at, backup.updated_at, 'epoch') AS timestamp,
    backup.reason,
    backup.data
FROM pad_ws.pads AS pads
INNER JOIN LATERAL (
    SELECT
        backups.id,
        backups.reason,
        backups.data,
        backups.created_at,
        backups.updated_at
    FROM pad_ws.backups AS backups
    WHERE
        backups.source_id = pads.id
        AND backups.owner_id = :owner_id
    ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
    LIMIT :limit::integer
) AS backup ON TRUE
WHERE pads.owner_id = :owner_id
ORDER BY backup.created_at DESC NULLS LAST, backup.id DESC
LIMIT :limit::integer;
