-- The next user who has a share link that expired so long ago, in the order of ids. Index: links_pkey.
-- psql -v after="'00000000-0000-0000-0000-000000000000'" -v expired_for="'30 days'" \
--      -f sql/links/get_next_owner_of_expired.sql

SELECT owner_id
FROM pad_ws.links
WHERE
    owner_id > :after
    AND expires_at <= now() - :expired_for::interval
ORDER BY owner_id
LIMIT 1;
