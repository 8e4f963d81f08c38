-- Back up a pad of its owner as it is now, and prune. No row: no such pad of this owner.
-- Index: pads_pkey; prune_backups: backups_source_id_created_at_idx, backups_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v keep=10 -f sql/backups/insert_backup.sql

WITH pad AS (
    UPDATE pad_ws.pads
    SET last_backup_at = clock_timestamp()
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
    RETURNING id, data, last_backup_at
),

backup AS (
    INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
    SELECT
        gen_random_uuid() AS id,
        pad.id AS source_id,
        pad.data,
        pad.last_backup_at AS created_at,
        pad.last_backup_at AS updated_at
    FROM pad
    RETURNING id, source_id, created_at, data
)

SELECT
    id,
    created_at AS timestamp,
    data,
    pad_ws.prune_backups(source_id, :keep::integer) AS pruned
FROM backup;
