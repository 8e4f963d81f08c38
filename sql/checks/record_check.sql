-- Record how a check ended. Index: none needed.
-- psql -v name="'db-verify'" -v faults=0 -f sql/checks/record_check.sql

INSERT INTO pad_ws.checks (name, finished_at, faults, succeeded_at)
VALUES (:name, now(), :faults::bigint, CASE WHEN :faults::bigint = 0 THEN now() END)
ON CONFLICT (name) DO UPDATE
    SET
        finished_at = excluded.finished_at,
        faults = excluded.faults,
        succeeded_at = coalesce(excluded.succeeded_at, checks.succeeded_at)
RETURNING name;
