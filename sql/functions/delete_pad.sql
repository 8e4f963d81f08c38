-- Puts a pad of this owner that is at an accepted version into the trash, with all that belongs to it, or
-- removes it if there is no trash; and removes what else of the trash is due (a lot of it: purge_trash).
-- No row if nothing was deleted. Index: pads_id_owner_id_key; purge_trash.

CREATE OR REPLACE FUNCTION pad_ws.delete_pad(
    owner_id uuid, pad_id uuid, accepted_versions int8multirange, trash_for interval, most integer
)
RETURNS TABLE (id uuid, purged bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    pad record;
    moment timestamptz;
BEGIN
    -- The pad's row first, as a save locks it: what a save writes before this is in the trash, too.
    SELECT pads.version INTO pad
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = delete_pad.pad_id
        AND pads.owner_id = delete_pad.owner_id
        AND pads.deleted_at IS NULL
    FOR NO KEY UPDATE;

    IF NOT FOUND OR NOT pad.version <@ accepted_versions THEN
        RETURN;
    END IF;

    moment := CASE WHEN trash_for > '0' THEN clock_timestamp() ELSE '-infinity' END;
    UPDATE pad_ws.pads AS pads
    SET deleted_at = moment
    WHERE
        pads.id = delete_pad.pad_id
        AND pads.owner_id = delete_pad.owner_id;

    id := pad_id;
    purged := (SELECT lot.pads FROM pad_ws.purge_trash(owner_id, trash_for, most) AS lot);
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.delete_pad IS
'Puts a pad into the trash, or removes it if there is none; no row if nothing was deleted.';
