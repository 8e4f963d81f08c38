-- Whether a backup of a pad is due at a moment: it has none, or its newest is old enough. One from the
-- future (a clock that was set back) does not prevent a new one. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.is_backup_due(
    newest_backup_at timestamptz, moment timestamptz, backup_interval interval
)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT newest_backup_at IS NULL
        OR newest_backup_at <= moment - backup_interval
        OR newest_backup_at > moment
$$;

COMMENT ON FUNCTION pad_ws.is_backup_due IS
'Whether a backup of a pad is due at a moment.';
