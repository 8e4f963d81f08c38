-- How many more backups of a pad may have a label; below 0, it has too many. To be called by whoever holds the lock
-- on the pad's row.
-- Index: backups_source_id_created_at_idx.

CREATE OR REPLACE FUNCTION pad_ws.labels_left(owner_id uuid, pad_id uuid)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    most CONSTANT bigint := 20;
BEGIN
    RETURN most - (
        SELECT count(*)
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = labels_left.pad_id
            AND backups.owner_id = labels_left.owner_id
            AND backups.label IS NOT NULL
    );
END
$$;

COMMENT ON FUNCTION pad_ws.labels_left IS
'How many more backups of a pad may have a label; to be called by whoever holds the lock on the pad''s row.';
