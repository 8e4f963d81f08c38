-- Holds the pictures that a map refers to until the transaction ends, and adds those that are given with
-- it, unless any is neither there nor given. Returns which are not there in the end; null: all are. Of a user's
-- transactions one at a time adds pictures, whichever they are and however often it calls this.
-- Index: those of hold_pictures; pictures_unneeded_since_idx; users_pkey, for a foreign key.

CREATE OR REPLACE FUNCTION pad_ws.add_pictures(owner_id uuid, pictures jsonb, contents json)
RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
    digests CONSTANT bytea[] := ARRAY(
        SELECT DISTINCT decode(file.value, 'hex') FROM jsonb_each_text(add_pictures.pictures) AS file
    );
    held bytea[];
    needed_again bytea[];
BEGIN
    IF pictures IS NULL THEN
        RETURN NULL;
    END IF;

    held := pad_ws.hold_pictures(owner_id, digests);
    IF contents IS NOT NULL AND digests <@ (held || ARRAY(
        SELECT decode(given.digest, 'hex') FROM json_object_keys(contents) AS given (digest)
    )) THEN
        PERFORM pg_advisory_xact_lock('pad_ws.pictures'::regclass::integer, hashtext(owner_id::text));
        INSERT INTO pad_ws.pictures (owner_id, digest, content)
        SELECT add_pictures.owner_id, decode(new.key, 'hex'), new.value
        FROM json_each(contents) AS new
        ORDER BY new.key
        ON CONFLICT DO NOTHING;
        -- Only what is held counts as there: what another save has added meanwhile can go as it came.
        held := pad_ws.hold_pictures(owner_id, digests);
    END IF;

    -- A picture that is needed again: when that ends, it is kept for the full time once more.
    needed_again := ARRAY(
        SELECT again.digest
        FROM pad_ws.pictures AS again
        WHERE
            again.owner_id = add_pictures.owner_id
            AND again.digest = ANY(digests)
            AND again.unneeded_since IS NOT NULL
    );
    IF needed_again <> '{}' THEN
        PERFORM pg_advisory_xact_lock('pad_ws.pictures'::regclass::integer, hashtext(owner_id::text));
        UPDATE pad_ws.pictures AS kept
        SET unneeded_since = NULL
        WHERE
            kept.owner_id = add_pictures.owner_id
            AND kept.digest = ANY(needed_again);
    END IF;

    RETURN (
        SELECT array_agg(encode(wanted.digest, 'hex'))
        FROM unnest(digests) AS wanted (digest)
        WHERE wanted.digest <> ALL(held)
    );
END
$$;

COMMENT ON FUNCTION pad_ws.add_pictures IS
'Holds the pictures that a map refers to, adds those that are given, and says which are missing.';
