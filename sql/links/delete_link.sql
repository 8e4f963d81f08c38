-- End a share link of a pad of this owner. Index: links_pkey.
-- psql -v link_id="'…'" -v pad_id="'…'" -v owner_id="'…'" -f sql/links/delete_link.sql

DELETE FROM pad_ws.links
WHERE
    owner_id = :owner_id
    AND id = :link_id
    AND pad_id = :pad_id
RETURNING id;
