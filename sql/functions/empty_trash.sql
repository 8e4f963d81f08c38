-- Deletes all that is in a user's trash for good; what is large goes in lots (purge_trash). Says how many pads
-- have been removed so far. Index: pads_owner_id_deleted_at_idx; purge_trash.

CREATE OR REPLACE FUNCTION pad_ws.empty_trash(owner_id uuid, trash_for interval, most integer)
RETURNS TABLE (purged bigint)
LANGUAGE plpgsql
AS $$
BEGIN
    -- In order: no two of these wait for each other in a circle.
    UPDATE pad_ws.pads AS pads
    SET deleted_at = '-infinity'
    WHERE
        pads.owner_id = empty_trash.owner_id
        AND pads.id = ANY(ARRAY(
            SELECT trashed.id
            FROM pad_ws.pads AS trashed
            WHERE
                trashed.owner_id = empty_trash.owner_id
                AND trashed.deleted_at IS NOT NULL
                AND isfinite(trashed.deleted_at)
            ORDER BY trashed.id
            FOR NO KEY UPDATE
        ));

    purged := (SELECT lot.pads FROM pad_ws.purge_trash(owner_id, trash_for, most) AS lot);
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.empty_trash IS
'Deletes all that is in a user''s trash for good, the first lot at once.';
