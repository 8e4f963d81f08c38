-- What db-tidy has removed since it first ran, and when it last looked. Index: none needed.
-- psql -f sql/tidying/list_tidied.sql

SELECT
    name,
    number,
    extract(EPOCH FROM ran_at)::double precision AS ran_at
FROM pad_ws.tidied
ORDER BY name;
