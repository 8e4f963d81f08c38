-- depends: 20261123_0001_for_dbas
--
-- A clock that was ahead and has been set back leaves backups from the future. They counted as the
-- newest of their pad, and each new backup was pruned as soon as it was taken, until the clock had
-- caught up. Now they go first.
--
-- Locks: none on tables.

CREATE OR REPLACE FUNCTION pad_ws.prune_backups(pad_id uuid, keep integer) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    WITH pruned AS (
        DELETE FROM pad_ws.backups
        WHERE id IN (
            SELECT id FROM pad_ws.backups
            WHERE source_id = pad_id
            ORDER BY created_at > clock_timestamp(), created_at DESC NULLS LAST, id DESC
            OFFSET keep
        )
        RETURNING id
    )
    SELECT count(*) FROM pruned
$$;
