-- What the backups of a pad take as they are stored, without their pictures. Opens none of them.
-- Index: backups_source_id_created_at_idx.

CREATE OR REPLACE FUNCTION pad_ws.bytes_of_backups(owner_id uuid, pad_id uuid)
RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (
        SELECT coalesce(sum(pg_column_size(backups.data)), 0)
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = bytes_of_backups.pad_id
            AND backups.owner_id = bytes_of_backups.owner_id
    );
END
$$;

COMMENT ON FUNCTION pad_ws.bytes_of_backups IS
'What the backups of a pad take as they are stored, without their pictures.';
