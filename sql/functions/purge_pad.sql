-- Deletes a pad in its owner's trash for good; what is large, or due beside it, goes in lots (purge_trash). No
-- row: it is not in the trash. Index: pads_id_owner_id_key; purge_trash.

CREATE OR REPLACE FUNCTION pad_ws.purge_pad(owner_id uuid, pad_id uuid, trash_for interval, most integer)
RETURNS TABLE (id uuid, purged bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = purge_pad.pad_id
        AND pads.owner_id = purge_pad.owner_id
        AND pad_ws.purged_at(pads.deleted_at, pads.updated_at, trash_for) > moment
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE pad_ws.pads AS pads
    SET deleted_at = '-infinity'
    WHERE
        pads.id = purge_pad.pad_id
        AND pads.owner_id = purge_pad.owner_id;

    id := pad_id;
    purged := (SELECT lot.pads FROM pad_ws.purge_trash(owner_id, trash_for, most) AS lot);
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.purge_pad IS
'Deletes a pad in its owner''s trash for good; no row if it is not there.';
