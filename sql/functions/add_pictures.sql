-- Adds the pictures that are given with a map, and holds all that the map refers to until the transaction
-- ends. Returns which are missing; null: none.
-- Index: pictures_pkey, pictures_unneeded_since_idx; users_pkey, for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.add_pictures(owner_id uuid, pictures jsonb, contents json)
RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
    digests CONSTANT bytea[] := ARRAY(
        SELECT DISTINCT decode(file.value, 'hex') FROM jsonb_each_text(add_pictures.pictures) AS file
    );
    held bytea[];
BEGIN
    IF pictures IS NULL THEN
        RETURN NULL;
    END IF;

    -- In order, here and below: no two saves wait for each other in a circle.
    IF contents IS NOT NULL THEN
        INSERT INTO pad_ws.pictures (owner_id, digest, content)
        SELECT add_pictures.owner_id, decode(new.key, 'hex'), new.value
        FROM json_each(contents) AS new
        ORDER BY new.key
        ON CONFLICT DO NOTHING;
    END IF;

    -- What is held cannot be tidied away before a foreign key refers to it. Only that counts as there:
    -- what another save adds from here on, or added above, can go as it came.
    held := ARRAY(
        SELECT kept.digest
        FROM pad_ws.pictures AS kept
        WHERE
            kept.owner_id = add_pictures.owner_id
            AND kept.digest = ANY(digests)
        ORDER BY kept.digest
        FOR KEY SHARE
    );

    -- Whatever is needed again has its full time before it once more when that ends.
    UPDATE pad_ws.pictures AS kept
    SET unneeded_since = NULL
    WHERE
        kept.owner_id = add_pictures.owner_id
        AND kept.digest = ANY(ARRAY(
            SELECT again.digest
            FROM pad_ws.pictures AS again
            WHERE
                again.owner_id = add_pictures.owner_id
                AND again.digest = ANY(digests)
                AND again.unneeded_since IS NOT NULL
            ORDER BY again.digest
            FOR NO KEY UPDATE
        ));

    RETURN (
        SELECT array_agg(encode(wanted.digest, 'hex'))
        FROM unnest(digests) AS wanted (digest)
        WHERE wanted.digest <> ALL(held)
    );
END
$$;

COMMENT ON FUNCTION pad_ws.add_pictures IS
'Adds the pictures that are given with a map, holds all it refers to, and says which are missing.';
