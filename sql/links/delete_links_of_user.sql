-- End all share links of a user, for an administrator; how many there were.
-- Index: links_owner_id_pad_id_created_at_idx.
-- psql -v owner_id="'…'" -f sql/links/delete_links_of_user.sql

WITH ended AS (
    DELETE FROM pad_ws.links
    WHERE owner_id = :owner_id
    RETURNING id
)

SELECT count(*) AS ended
FROM ended;
