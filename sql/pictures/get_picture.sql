-- A picture that a pad of this owner, in the trash or not, or one of its backups refers to; its text is left out
-- (null) when the caller has it already.
-- Index: pictures_pkey, pads_id_owner_id_key, pad_pictures_pkey, backups_id_owner_id_key.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v digest="'\\x…'" \
--      -v trash_for="'30 days'" -v is_known=false -f sql/pictures/get_picture.sql

SELECT
    kept.digest,
    CASE WHEN NOT :is_known THEN kept.content END AS content
FROM pad_ws.pictures AS kept
WHERE
    kept.owner_id = :owner_id
    AND kept.digest = :digest
    AND EXISTS (
        SELECT FROM pad_ws.pads AS pads
        WHERE
            pads.id = :pad_id
            AND pads.owner_id = :owner_id
            AND (
                pads.deleted_at IS NULL
                OR pad_ws.purged_at(pads.deleted_at, pads.updated_at, :trash_for::interval) > now()
            )
    )
    AND (
        EXISTS (
            SELECT FROM pad_ws.pad_pictures AS needed
            WHERE
                needed.owner_id = :owner_id
                AND needed.pad_id = :pad_id
                AND needed.digest = :digest
        )
        OR EXISTS (
            SELECT
            FROM pad_ws.backup_pictures AS needed
            INNER JOIN pad_ws.backups AS backups
                ON needed.backup_id = backups.id AND backups.owner_id = :owner_id
            WHERE
                needed.owner_id = :owner_id
                AND needed.digest = :digest
                AND backups.source_id = :pad_id
        )
    );
