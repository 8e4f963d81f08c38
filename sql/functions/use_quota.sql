-- Adds bytes to what a user takes, and raises PW003 if that is more than the user may have, or if a pad that is
-- new is one too many. To be called last, when everything else is locked and written: those that add at the same
-- time wait here for one another. As long as the estimate in `usage` is below the limit nothing is counted;
-- it is counted anew (count_bytes) at least once a day, for what others have written. Pads are counted when one
-- is new (pads_owner_id_created_at_live_idx). Where nothing is `added`, bytes are neither counted nor refused.
-- Without limits it does nothing.
-- Index: usage_pkey.

CREATE OR REPLACE FUNCTION pad_ws.use_quota(owner_id uuid, added bigint, has_new_pad boolean)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    most_bytes bigint;
    most_pads bigint;
    yesterday CONSTANT timestamptz := clock_timestamp() - INTERVAL '1 day';
    used record;
    pads_now bigint;
BEGIN
    SELECT
        nullif(max(limits.value) FILTER (WHERE limits.name = 'bytes'), 0),
        nullif(max(limits.value) FILTER (WHERE limits.name = 'pads'), 0)
    INTO most_bytes, most_pads
    FROM pad_ws.limits AS limits;

    IF coalesce(most_bytes, most_pads) IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO pad_ws.usage (owner_id, bytes, counted_at)
    SELECT use_quota.owner_id, 0, '-infinity'
    WHERE NOT EXISTS (
        SELECT FROM pad_ws.usage AS counted WHERE counted.owner_id = use_quota.owner_id
    )
    ON CONFLICT DO NOTHING;
    UPDATE pad_ws.usage AS counted
    SET bytes = counted.bytes + use_quota.added
    WHERE counted.owner_id = use_quota.owner_id
    RETURNING counted.bytes, counted.counted_at INTO used;

    IF most_pads IS NOT NULL AND has_new_pad THEN
        pads_now := (
            SELECT count(*)
            FROM pad_ws.pads AS pads
            WHERE
                pads.owner_id = use_quota.owner_id
                AND pads.deleted_at IS NULL
        );
        IF pads_now > most_pads THEN
            RAISE SQLSTATE 'PW003' USING MESSAGE = format('%s of %s pads', pads_now - 1, most_pads);
        END IF;
    END IF;

    IF added > 0 AND (used.bytes > most_bytes OR used.counted_at < yesterday) THEN
        used.bytes := pad_ws.count_bytes(owner_id);
        IF used.bytes > most_bytes THEN
            RAISE SQLSTATE 'PW003' USING MESSAGE = format('%s of %s bytes', used.bytes, most_bytes);
        END IF;
        UPDATE pad_ws.usage AS counted
        SET bytes = used.bytes, counted_at = yesterday + INTERVAL '1 day'
        WHERE counted.owner_id = use_quota.owner_id;
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.use_quota IS
'Adds to what a user takes, and raises PW003 if that is too much; to be called last.';
