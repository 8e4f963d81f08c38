-- End a share link of a pad of this owner. Index: links_pkey, pads_id_owner_id_key.
-- psql -v link_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -f sql/links/delete_link.sql

DELETE FROM pad_ws.links
WHERE
    owner_id = :owner_id
    AND id = :link_id
    AND pad_id = :pad_id
    AND EXISTS (
        SELECT FROM pad_ws.pads
        WHERE
            pads.id = :pad_id
            AND pads.owner_id = :owner_id
            AND pads.deleted_at IS NULL
    )
RETURNING id;
