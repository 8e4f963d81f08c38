-- What a user's personal access token may do, and what it says of the user; no row if the user has no
-- such token or it has expired. Records the use, at most once a minute, and waits for no other request
-- that does so.
-- Index: access_tokens_token_digest_key, access_tokens_pkey, users_pkey.
-- psql -v user_id="'…'" -v token_digest="sha256('…')" -f sql/tokens/use_token.sql

WITH token AS MATERIALIZED (
    SELECT
        user_id,
        scope
    FROM pad_ws.access_tokens
    WHERE
        user_id = :user_id
        AND token_digest = :token_digest
        AND (expires_at IS NULL OR expires_at > now())
),

due AS (
    SELECT id
    FROM pad_ws.access_tokens
    WHERE
        user_id = :user_id
        AND token_digest = :token_digest
        AND (expires_at IS NULL OR expires_at > now())
        AND (last_used_at IS NULL OR last_used_at < now() - INTERVAL '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED
),

used AS (
    UPDATE pad_ws.access_tokens
    SET last_used_at = greatest(now(), created_at)
    WHERE
        user_id = :user_id
        AND id = (SELECT due.id FROM due)
)

SELECT
    users.id AS user_id,
    users.username,
    users.email,
    users.email_verified,
    coalesce(users.name, '') AS name,
    coalesce(users.given_name, '') AS given_name,
    coalesce(users.family_name, '') AS family_name,
    users.roles,
    token.scope = 'write' AS may_write
FROM token
INNER JOIN pad_ws.users AS users ON token.user_id = users.id AND users.deleted_at IS NULL;
