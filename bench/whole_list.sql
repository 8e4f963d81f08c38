-- What a user would write by hand, on a table that a user would make by hand: a person's drawings, whole.

SELECT
    id,
    owner_id,
    data,
    version,
    updated_at
FROM padws_bench.drawings
WHERE owner_id = :owner_id
ORDER BY id;
