-- Deletes at most so many pictures of a user that nothing refers to, however short a time; says how many. For a
-- user who is being deleted: pictures of others wait (tidy_pictures).
-- Index: pictures_pkey, pad_pictures_owner_id_digest_idx, backup_pictures_owner_id_digest_idx.

CREATE OR REPLACE FUNCTION pad_ws.delete_pictures(owner_id uuid, most integer)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    deleted bigint;
BEGIN
    DELETE FROM pad_ws.pictures AS kept
    WHERE
        kept.owner_id = delete_pictures.owner_id
        AND kept.digest = ANY(ARRAY(
            SELECT unneeded.digest
            FROM pad_ws.pictures AS unneeded
            WHERE
                unneeded.owner_id = delete_pictures.owner_id
                AND NOT EXISTS (
                    SELECT FROM pad_ws.pad_pictures AS needed
                    WHERE
                        needed.owner_id = delete_pictures.owner_id
                        AND needed.digest = unneeded.digest
                )
                AND NOT EXISTS (
                    SELECT FROM pad_ws.backup_pictures AS needed
                    WHERE
                        needed.owner_id = delete_pictures.owner_id
                        AND needed.digest = unneeded.digest
                )
            LIMIT most
            FOR UPDATE OF unneeded SKIP LOCKED
        ));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;

COMMENT ON FUNCTION pad_ws.delete_pictures IS
'Deletes a lot of a user''s pictures that nothing refers to; says how many.';
