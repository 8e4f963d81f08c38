-- Takes a pad out of its owner's trash, as it was put there; it is given as it is shown. No row: it is not in
-- the trash, or due to be removed. Raises PW003 where its owner has as many pads as may be: in the trash it did not
-- count. Index: pads_id_owner_id_key, pads_owner_id_created_at_live_idx; use_quota, read_pad.

CREATE OR REPLACE FUNCTION pad_ws.restore_pad(owner_id uuid, pad_id uuid, trash_for interval)
RETURNS TABLE (
    id uuid,
    owner uuid,
    name text,
    data jsonb,
    files jsonb,
    pictures jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    version bigint,
    digest text,
    content json
)
LANGUAGE plpgsql
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM
    FROM pad_ws.pads AS pads
    WHERE
        pads.id = restore_pad.pad_id
        AND pads.owner_id = restore_pad.owner_id
        AND pad_ws.purged_at(pads.deleted_at, pads.updated_at, trash_for) > moment
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE pad_ws.pads AS pads
    SET deleted_at = NULL
    WHERE
        pads.id = restore_pad.pad_id
        AND pads.owner_id = restore_pad.owner_id;

    PERFORM pad_ws.use_quota(owner_id, 0, TRUE);
    RETURN QUERY
    SELECT
        restored.id,
        restored.owner,
        restored.name,
        restored.data,
        restored.files,
        restored.pictures,
        restored.created_at,
        restored.updated_at,
        restored.version,
        restored.digest,
        restored.content
    FROM pad_ws.read_pad(owner_id, pad_id) AS restored;
END
$$;

COMMENT ON FUNCTION pad_ws.restore_pad IS
'Takes a pad out of its owner''s trash; no row if it is not there.';
