-- What a user would write by hand, on a table that a user would make by hand: the whole scene over the
-- one that is there, whoever has changed that meanwhile, and without a backup of it.

UPDATE padws_bench.drawings
SET
    data = :scene::jsonb,
    version = version + 1,
    updated_at = now()
WHERE
    id = :pad_id
    AND owner_id = :owner_id
RETURNING version, updated_at;
