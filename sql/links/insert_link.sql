-- A new share link of a pad of this owner; no row: no such pad. Raises PW021 where it has as many as it may.
-- Constraints: links_expires_after_creation. Index: those of pad_ws.insert_link.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v link_id="'…'" -v token_digest="sha256('…')" -v password_hash=null \
--      -v expires_at=null -v most=100 -f sql/links/insert_link.sql

SELECT
    id,
    created AS created_at,
    expires AS expires_at,
    has_password
FROM pad_ws.insert_link(
    :owner_id,
    :pad_id,
    :link_id,
    :token_digest::bytea,
    :password_hash::text,
    :expires_at::timestamptz,
    :most::integer
);
