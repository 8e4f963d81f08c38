-- Backups in a range of ids that are not as they must be, and why: the names of the constraints they break,
-- or what no constraint asks. Reads every scene. Who wrote a backup cannot be told.
-- Index: backups_pkey, pads_id_owner_id_key.
-- psql -v first="'00000000-0000-0000-0000-000000000000'" -v last="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_backups.sql

SELECT
    backups.id,
    backups.owner_id,
    TRUE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.backups AS backups
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN jsonb_typeof(backups.data) <> 'object' THEN 'backups_data_is_object'
            WHEN NOT pad_ws.is_scene(backups.data) THEN 'data is not a scene'
        END,
        -- Written out, so that every part of it is read.
        CASE WHEN length(backups.data::text) < 1 THEN 'data cannot be read' END,
        CASE WHEN backups.owner_id IS NULL THEN 'backups_owner_id_given' END,
        CASE
            WHEN backups.owner_id IS NOT NULL AND (
                SELECT pads.id FROM pad_ws.pads AS pads
                WHERE
                    pads.id = backups.source_id
                    AND pads.owner_id = backups.owner_id
            ) IS NULL THEN 'backups_source_id_owner_id_fkey'
        END,
        CASE
            WHEN
                backups.reason NOT IN (
                    'interval', 'manual', 'restore', 'replaced', 'merge', 'template', 'import'
                )
                THEN 'backups_reason_known'
        END,
        CASE
            WHEN backups.updated_at < backups.created_at - interval '1 minute' THEN 'backups_times_in_order'
        END,
        CASE
            WHEN greatest(backups.created_at, backups.updated_at) > now() + interval '1 day'
                THEN 'created_at or updated_at is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    backups.id BETWEEN :first AND :last
    AND found.faults <> '{}'
ORDER BY backups.id;
