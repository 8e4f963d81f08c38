-- A picture of the pad behind a share link that has not expired, and the link's password, hashed. Without a picture
-- (null) where the pad shows no such picture (pad_ws.shows_picture), and where the link has a password and the caller
-- says none; its text is left out (null) where the caller has it already. No row: no such link.
-- Index: links_owner_id_token_digest_key, pads_id_owner_id_key, pad_pictures_pkey, pictures_pkey.
-- psql -v owner_id="'…'" -v token_digest="sha256('…')" -v with_password=false -v digest="'\\x…'" -v is_known=false \
--      -f sql/links/get_shared_picture.sql

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

SELECT
    link.password_hash,
    kept.digest,
    CASE WHEN NOT :is_known THEN kept.content END AS content
FROM pad_ws.pads AS pads
CROSS JOIN link
LEFT JOIN pad_ws.pad_pictures AS needed
    ON
        needed.owner_id = :owner_id
        AND needed.pad_id = (SELECT one.pad_id FROM link AS one)
        AND needed.digest = :digest
LEFT JOIN pad_ws.pictures AS kept
    ON
        kept.owner_id = :owner_id
        AND kept.digest = :digest
        AND needed.digest = :digest
        AND (link.password_hash IS NULL OR :with_password)
        AND pad_ws.shows_picture(pads.data, pads.pictures, :digest)
WHERE
    pads.id = (SELECT one.pad_id FROM link AS one)
    AND pads.owner_id = :owner_id
    AND pads.deleted_at IS NULL;
