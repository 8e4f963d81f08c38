-- Whose a personal access token is and what it may do; no row if it is unknown or has expired.
-- Notes the use, at most once a minute. Index: access_tokens_token_digest_key,
-- access_tokens_pkey, users_pkey.
-- psql -v token_digest="sha256('…')" -f sql/tokens/use_token.sql

WITH token AS (
    SELECT
        id,
        user_id,
        scope,
        last_used_at
    FROM pad_ws.access_tokens
    WHERE
        token_digest = :token_digest
        AND (expires_at IS NULL OR expires_at > now())
),

used AS (
    UPDATE pad_ws.access_tokens
    SET last_used_at = now()
    FROM token
    WHERE
        access_tokens.id = token.id
        AND (token.last_used_at IS NULL OR token.last_used_at < now() - INTERVAL '1 minute')
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
INNER JOIN pad_ws.users AS users ON token.user_id = users.id;
