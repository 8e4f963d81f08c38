-- Deletes the backups of a pad that have had their time, and returns how many those were, and how many bytes
-- they took as they were stored. To be called by whoever holds the lock on the pad's row. `retention` says which
-- stay: the `newest`, counted over all, and without those that hold what something has replaced; the newest of
-- each hour, day and week, for so many of them (`hourly`, `daily`, `weekly`; UTC's, the present one included);
-- what saves and what merges have replaced, for `replaced_days`, at most 20 of each; labelled ones always. Those
-- from the future (a clock that was set back) go first.
-- Index: backups_source_id_created_at_idx, backups_id_owner_id_key; backup_pictures_pkey, for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.prune_history(
    owner_id uuid,
    pad_id uuid,
    retention jsonb,
    OUT pruned bigint,
    OUT freed bigint
)
LANGUAGE plpgsql
AS $$
DECLARE
    most_replaced CONSTANT integer := 20;
    moment CONSTANT timestamptz := clock_timestamp();
    newest CONSTANT integer := retention -> 'newest';
    hourly_since CONSTANT timestamptz
    := date_trunc('hour', moment, 'UTC') - (retention -> 'hourly')::integer * INTERVAL '1 hour';
    daily_since CONSTANT timestamptz
    := date_trunc('day', moment, 'UTC') - (retention -> 'daily')::integer * INTERVAL '24 hours';
    weekly_since CONSTANT timestamptz
    := date_trunc('week', moment, 'UTC') - (retention -> 'weekly')::integer * INTERVAL '168 hours';
    replaced_since CONSTANT timestamptz
    := moment - (retention -> 'replaced_days')::integer * INTERVAL '24 hours';
BEGIN
    WITH gone AS (
        DELETE FROM pad_ws.backups AS backups
        WHERE
            backups.owner_id = prune_history.owner_id
            AND backups.id IN (
                SELECT ranked.id
                FROM (
                    SELECT
                        placed.id,
                        placed.is_labelled,
                        placed.kind,
                        placed.place,
                        placed.is_future,
                        placed.taken_at,
                        placed.hour,
                        placed.day,
                        placed.week,
                        row_number() OVER (PARTITION BY placed.kind ORDER BY placed.place) AS place_in_kind,
                        row_number() OVER (PARTITION BY placed.hour ORDER BY placed.place) AS place_in_hour,
                        row_number() OVER (PARTITION BY placed.day ORDER BY placed.place) AS place_in_day,
                        row_number() OVER (PARTITION BY placed.week ORDER BY placed.place) AS place_in_week
                    FROM (
                        SELECT
                            old.id,
                            old.label IS NOT NULL AS is_labelled,
                            CASE WHEN old.reason IN ('replaced', 'merge') THEN old.reason ELSE 'other' END AS kind,
                            row_number() OVER (
                                ORDER BY old.created_at > moment, old.created_at DESC NULLS LAST, old.id DESC
                            ) AS place,
                            old.created_at > moment AS is_future,
                            old.created_at AS taken_at,
                            date_trunc('hour', old.created_at, 'UTC') AS hour,
                            date_trunc('day', old.created_at, 'UTC') AS day,
                            date_trunc('week', old.created_at, 'UTC') AS week
                        FROM pad_ws.backups AS old
                        WHERE
                            old.owner_id = prune_history.owner_id
                            AND old.source_id = prune_history.pad_id
                    ) AS placed
                ) AS ranked
                WHERE
                    NOT ranked.is_labelled
                    AND ranked.place > newest
                    AND CASE
                        WHEN ranked.kind = 'other' THEN ranked.place_in_kind > newest
                        ELSE ranked.place_in_kind > most_replaced
                        OR coalesce(ranked.taken_at <= replaced_since, TRUE)
                    END
                    AND (
                        coalesce(ranked.is_future, TRUE)
                        OR (
                            (ranked.place_in_hour > 1 OR ranked.hour <= hourly_since)
                            AND (ranked.place_in_day > 1 OR ranked.day <= daily_since)
                            AND (ranked.place_in_week > 1 OR ranked.week <= weekly_since)
                        )
                    )
            )
        RETURNING backups.data
    )
    SELECT count(*), coalesce(sum(pg_column_size(gone.data)), 0) INTO pruned, freed FROM gone;
END
$$;

COMMENT ON FUNCTION pad_ws.prune_history IS
'Deletes the backups of a pad that have had their time; to be called by whoever holds the lock on the pad''s row.';
