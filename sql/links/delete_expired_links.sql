-- Delete a user's share links that expired so long ago; how many there were.
-- Index: links_owner_id_pad_id_created_at_idx.
-- psql -v owner_id="'…'" -v expired_for="'30 days'" -f sql/links/delete_expired_links.sql

WITH ended AS (
    DELETE FROM pad_ws.links
    WHERE
        owner_id = :owner_id
        AND expires_at <= now() - :expired_for::interval
    RETURNING id
)

SELECT count(*) AS ended
FROM ended;
