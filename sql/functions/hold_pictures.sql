-- Holds those of a user's pictures that are there until the transaction ends, so that none is tidied away
-- before a foreign key refers to it; says which. In order: no two saves wait for each other in a circle.
-- Index: pictures_pkey.

CREATE OR REPLACE FUNCTION pad_ws.hold_pictures(owner_id uuid, digests bytea[])
RETURNS bytea[]
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN ARRAY(
        SELECT kept.digest
        FROM pad_ws.pictures AS kept
        WHERE
            kept.owner_id = hold_pictures.owner_id
            AND kept.digest = ANY(digests)
        ORDER BY kept.digest
        FOR KEY SHARE
    );
END
$$;

COMMENT ON FUNCTION pad_ws.hold_pictures IS
'Holds those of a user''s pictures that are there until the transaction ends; says which.';
