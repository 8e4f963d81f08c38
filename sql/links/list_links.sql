-- A pad's share links, oldest first, those that have expired included; one row without a link when there is
-- none, no row when there is no such pad. Index: pads_id_owner_id_key, links_owner_id_pad_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -f sql/links/list_links.sql

SELECT
    links.id,
    links.created_at,
    links.expires_at,
    links.password_hash IS NOT NULL AS has_password
FROM pad_ws.pads AS pads
LEFT JOIN pad_ws.links AS links ON pads.id = links.pad_id AND links.owner_id = :owner_id
WHERE
    pads.id = :pad_id
    AND pads.owner_id = :owner_id
    AND pads.deleted_at IS NULL
ORDER BY links.created_at, links.id;
