-- What a user's pads, backups and pictures take as they are stored, those in the trash included. Opens none of them.
-- Index: pads_owner_id_created_at_idx, backups_source_id_created_at_idx, pictures_pkey.

CREATE OR REPLACE FUNCTION pad_ws.count_bytes(owner_id uuid)
RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (
        SELECT
            coalesce(sum(pg_column_size(pads.data) + (
                SELECT coalesce(sum(pg_column_size(backups.data)), 0)
                FROM pad_ws.backups AS backups
                WHERE
                    backups.source_id = pads.id
                    AND backups.owner_id = count_bytes.owner_id
            )), 0)
        FROM pad_ws.pads AS pads
        WHERE pads.owner_id = count_bytes.owner_id
    ) + (
        SELECT coalesce(sum(pg_column_size(pictures.content)), 0)
        FROM pad_ws.pictures AS pictures
        WHERE pictures.owner_id = count_bytes.owner_id
    );
END
$$;

COMMENT ON FUNCTION pad_ws.count_bytes IS
'What a user''s pads, backups and pictures take as they are stored.';
