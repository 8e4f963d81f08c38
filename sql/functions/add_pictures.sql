-- Holds the pictures that a map refers to until the transaction ends, and adds those that are given with
-- it. Unless all are there or given, it adds none, and returns which are missing; else null.
-- Index: pictures_pkey, pictures_unneeded_since_idx; users_pkey, for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.add_pictures(owner_id uuid, pictures jsonb, contents json)
RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
    missing text[];
BEGIN
    IF pictures IS NULL THEN
        RETURN NULL;
    END IF;

    -- What is held here cannot be tidied away before a foreign key refers to it. In order, here and below:
    -- no two saves wait for each other in a circle.
    PERFORM
    FROM pad_ws.pictures AS held
    WHERE
        held.owner_id = add_pictures.owner_id
        AND held.digest = ANY(ARRAY(
            SELECT decode(file.value, 'hex') FROM jsonb_each_text(add_pictures.pictures) AS file
        ))
    ORDER BY held.digest
    FOR KEY SHARE;

    -- Whatever is needed again has its full time before it once more when that ends.
    UPDATE pad_ws.pictures AS held
    SET unneeded_since = NULL
    WHERE
        held.owner_id = add_pictures.owner_id
        AND held.digest = ANY(ARRAY(
            SELECT again.digest
            FROM pad_ws.pictures AS again
            WHERE
                again.owner_id = add_pictures.owner_id
                AND again.digest = ANY(ARRAY(
                    SELECT decode(file.value, 'hex') FROM jsonb_each_text(add_pictures.pictures) AS file
                ))
                AND again.unneeded_since IS NOT NULL
            ORDER BY again.digest
            FOR NO KEY UPDATE
        ));

    SELECT array_agg(DISTINCT file.value) INTO missing
    FROM jsonb_each_text(add_pictures.pictures) AS file
    WHERE
        NOT EXISTS (
            SELECT FROM pad_ws.pictures AS held
            WHERE
                held.owner_id = add_pictures.owner_id
                AND held.digest = decode(file.value, 'hex')
        )
        AND file.value NOT IN (SELECT json_object_keys(contents));

    IF missing IS NULL AND contents IS NOT NULL THEN
        INSERT INTO pad_ws.pictures (owner_id, digest, content)
        SELECT add_pictures.owner_id, decode(new.key, 'hex'), new.value
        FROM json_each(contents) AS new
        ORDER BY new.key
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN missing;
END
$$;

COMMENT ON FUNCTION pad_ws.add_pictures IS
'Holds the pictures that a map refers to, adds those that are given, and says which are missing.';
