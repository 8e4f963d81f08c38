-- How many share links a user has, those that have expired included.
-- Index: links_owner_id_pad_id_created_at_idx.
-- psql -v owner_id="'…'" -f sql/links/count_links_of_user.sql

SELECT count(*) AS links
FROM pad_ws.links
WHERE owner_id = :owner_id;
