-- How the last check of each kind ended. Index: none needed.
-- psql -f sql/checks/list_checks.sql

SELECT
    name,
    extract(EPOCH FROM finished_at)::double precision AS finished_at,
    coalesce(extract(EPOCH FROM succeeded_at), 0)::double precision AS succeeded_at,
    faults
FROM pad_ws.checks
ORDER BY name;
