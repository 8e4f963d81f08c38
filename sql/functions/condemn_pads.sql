-- Gives up all pads of a user who is being deleted: they are nobody's, and purge_trash removes them.
-- Index: pads_owner_id_created_at_idx, pads_id_owner_id_key.

CREATE OR REPLACE FUNCTION pad_ws.condemn_pads(owner_id uuid)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    condemned bigint;
BEGIN
    -- In order: no two of these wait for each other in a circle.
    UPDATE pad_ws.pads AS pads
    SET deleted_at = '-infinity'
    WHERE
        pads.owner_id = condemn_pads.owner_id
        AND pads.id = ANY(ARRAY(
            SELECT own.id
            FROM pad_ws.pads AS own
            WHERE
                own.owner_id = condemn_pads.owner_id
                AND own.deleted_at IS DISTINCT FROM '-infinity'
            ORDER BY own.id
            FOR NO KEY UPDATE
        ));
    GET DIAGNOSTICS condemned = ROW_COUNT;
    RETURN condemned;
END
$$;

COMMENT ON FUNCTION pad_ws.condemn_pads IS
'Gives up all pads of a user who is being deleted; says how many.';
