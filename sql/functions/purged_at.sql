-- When a pad that was deleted at a moment is due to leave the trash for good. Null: it is not in the trash,
-- or frozen (freeze_pads).
-- pad.ws and earlier releases do not know the trash: what they still draw in is kept as if it had been deleted
-- only then. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.purged_at(
    deleted_at timestamptz, updated_at timestamptz, trash_for interval
)
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN isfinite(deleted_at) THEN greatest(deleted_at, updated_at) + trash_for
        WHEN deleted_at < 'infinity' THEN deleted_at
    END
$$;

COMMENT ON FUNCTION pad_ws.purged_at IS
'When a pad that was deleted at a moment is due to leave the trash for good.';
