-- Brings what a pad refers to in line with its map of pictures (file id -> digest; null: none). All of
-- them must be there: see add_pictures. To be called by whoever holds the lock on the pad's row.
-- Index: pad_pictures_pkey; pictures_pkey, pads_id_owner_id_key and users_pkey, which foreign keys ask.

CREATE OR REPLACE FUNCTION pad_ws.keep_pictures(owner_id uuid, pad_id uuid, pictures jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    digests bytea[] := ARRAY(
        SELECT DISTINCT decode(file.value, 'hex') FROM jsonb_each_text(pictures) AS file
    );
BEGIN
    DELETE FROM pad_ws.pad_pictures AS kept
    WHERE
        kept.owner_id = keep_pictures.owner_id
        AND kept.pad_id = keep_pictures.pad_id
        AND kept.digest <> ALL(digests);

    INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
    SELECT keep_pictures.owner_id, keep_pictures.pad_id, wanted.digest
    FROM unnest(digests) AS wanted (digest)
    ON CONFLICT DO NOTHING;
END
$$;

COMMENT ON FUNCTION pad_ws.keep_pictures IS
'Brings what a pad refers to in line with its map of pictures; to be called by whoever holds the pad''s row.';
