-- The password, hashed, of a share link that has not expired and whose pad is not in the trash: to be checked before
-- the pad is read. Null: it has none. No row: no such link. The owner is the one that the token names.
-- Index: links_owner_id_token_digest_key, pads_id_owner_id_key.
-- psql -v owner_id="'…'" -v token_digest="sha256('…')" -f sql/links/get_password_hash.sql

WITH link AS MATERIALIZED (
    SELECT
        pad_id,
        password_hash
    FROM pad_ws.links
    WHERE
        owner_id = :owner_id
        AND token_digest = :token_digest
        AND (expires_at IS NULL OR expires_at > now())
)

SELECT link.password_hash
FROM pad_ws.pads AS pads
CROSS JOIN link
WHERE
    pads.id = (SELECT one.pad_id FROM link AS one)
    AND pads.owner_id = :owner_id
    AND pads.deleted_at IS NULL;
