-- Record what db-tidy has removed of a kind of thing. Index: none needed.
-- psql -v name="'pads'" -v number=0 -f sql/tidying/record_tidied.sql

INSERT INTO pad_ws.tidied (name, number, ran_at)
VALUES (:name, :number::bigint, now())
ON CONFLICT (name) DO UPDATE
    SET
        number = tidied.number + excluded.number,
        ran_at = excluded.ran_at
RETURNING name;
