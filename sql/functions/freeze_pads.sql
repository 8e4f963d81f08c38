-- Freezes all pads of a user who is being deleted, those in the trash as well: from then on nobody writes to
-- them, and nobody removes them. Returns all that are frozen, oldest first, those of an earlier run included.
-- What is being removed for good already stays as it is.
-- Index: pads_owner_id_created_at_idx, pads_owner_id_deleted_at_idx, pads_id_owner_id_key.

CREATE OR REPLACE FUNCTION pad_ws.freeze_pads(owner_id uuid)
RETURNS TABLE (id uuid)
LANGUAGE plpgsql
AS $$
BEGIN
    -- In order: no two of these wait for each other in a circle.
    UPDATE pad_ws.pads AS pads
    SET deleted_at = 'infinity'
    WHERE
        pads.owner_id = freeze_pads.owner_id
        AND pads.id = ANY(ARRAY(
            SELECT own.id
            FROM pad_ws.pads AS own
            WHERE
                own.owner_id = freeze_pads.owner_id
                AND coalesce(isfinite(own.deleted_at), TRUE)
            ORDER BY own.id
            FOR NO KEY UPDATE
        ));

    RETURN QUERY
    SELECT pads.id
    FROM pad_ws.pads AS pads
    WHERE
        pads.owner_id = freeze_pads.owner_id
        AND pads.deleted_at = 'infinity'
    ORDER BY pads.created_at NULLS FIRST, pads.id;
END
$$;

COMMENT ON FUNCTION pad_ws.freeze_pads IS
'Freezes all pads of a user who is being deleted, and returns those that are frozen.';
