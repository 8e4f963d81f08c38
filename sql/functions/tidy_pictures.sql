-- Deletes a user's pictures that nothing has referred to for as long as is given, and notes which of the
-- others nothing refers to now. Says how many of each, and how many bytes went. What somebody else holds is
-- left for the next time: nobody waits for a clean-up, and it waits for nobody.
-- Index: pictures_pkey, pictures_unneeded_since_idx, pad_pictures_owner_id_digest_idx,
-- backup_pictures_owner_id_digest_idx.

CREATE OR REPLACE FUNCTION pad_ws.tidy_pictures(owner_id uuid, unneeded_for interval)
RETURNS TABLE (deleted bigint, deleted_bytes bigint, unneeded bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    looked_at CONSTANT timestamptz := clock_timestamp();
    candidates bytea[];
    doomed bytea[];
BEGIN
    -- A save that adds a reference holds its pictures first, in a mode that this excludes: whoever
    -- comes later waits, and finds out that a picture is gone.
    candidates := ARRAY(
        SELECT kept.digest
        FROM pad_ws.pictures AS kept
        WHERE
            kept.owner_id = tidy_pictures.owner_id
            AND NOT EXISTS (
                SELECT FROM pad_ws.pad_pictures AS needed
                WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = kept.digest
            )
            AND NOT EXISTS (
                SELECT FROM pad_ws.backup_pictures AS needed
                WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = kept.digest
            )
        FOR UPDATE OF kept SKIP LOCKED
    );

    UPDATE pad_ws.pictures AS kept
    SET unneeded_since = NULL
    WHERE
        kept.owner_id = tidy_pictures.owner_id
        AND kept.digest = ANY(ARRAY(
            SELECT again.digest
            FROM pad_ws.pictures AS again
            WHERE
                again.owner_id = tidy_pictures.owner_id
                AND again.unneeded_since IS NOT NULL
                AND (
                    EXISTS (
                        SELECT FROM pad_ws.pad_pictures AS needed
                        WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = again.digest
                    )
                    OR EXISTS (
                        SELECT FROM pad_ws.backup_pictures AS needed
                        WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = again.digest
                    )
                )
            FOR NO KEY UPDATE OF again SKIP LOCKED
        ));

    -- Looked at again, now that they are held: a reference may have come in between.
    SELECT array_agg(kept.digest), coalesce(sum(pg_column_size(kept.content)), 0)
    INTO doomed, deleted_bytes
    FROM pad_ws.pictures AS kept
    WHERE
        kept.owner_id = tidy_pictures.owner_id
        AND kept.digest = ANY(candidates)
        AND kept.unneeded_since <= looked_at - unneeded_for
        AND NOT EXISTS (
            SELECT FROM pad_ws.pad_pictures AS needed
            WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = kept.digest
        )
        AND NOT EXISTS (
            SELECT FROM pad_ws.backup_pictures AS needed
            WHERE needed.owner_id = tidy_pictures.owner_id AND needed.digest = kept.digest
        );

    DELETE FROM pad_ws.pictures AS kept
    WHERE
        kept.owner_id = tidy_pictures.owner_id
        AND kept.digest = ANY(doomed);
    GET DIAGNOSTICS deleted = ROW_COUNT;

    UPDATE pad_ws.pictures AS kept
    SET unneeded_since = looked_at
    WHERE
        kept.owner_id = tidy_pictures.owner_id
        AND kept.digest = ANY(candidates)
        AND kept.unneeded_since IS NULL;

    SELECT count(*) INTO unneeded
    FROM pad_ws.pictures AS kept
    WHERE
        kept.owner_id = tidy_pictures.owner_id
        AND kept.unneeded_since IS NOT NULL;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.tidy_pictures IS
'Deletes pictures that nothing has referred to for a time; says what it did.';
