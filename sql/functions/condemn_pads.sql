-- Gives up frozen pads of a user who is being deleted (freeze_pads), for purge_trash; says how many.
-- Index: pads_owner_id_deleted_at_idx, pads_id_owner_id_key.

CREATE OR REPLACE FUNCTION pad_ws.condemn_pads(owner_id uuid, pad_ids uuid[])
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
                AND own.deleted_at = 'infinity'
                AND own.id = ANY(pad_ids)
            ORDER BY own.id
            FOR NO KEY UPDATE
        ));
    GET DIAGNOSTICS condemned = ROW_COUNT;
    RETURN condemned;
END
$$;

COMMENT ON FUNCTION pad_ws.condemn_pads IS
'Gives up frozen pads of a user who is being deleted; says how many.';
