-- A user's personal access tokens, oldest first. Index: access_tokens_user_id_created_at_idx.
-- psql -v user_id="'…'" -f sql/tokens/list_tokens.sql

SELECT
    id,
    name,
    scope,
    created_at,
    expires_at,
    last_used_at
FROM pad_ws.access_tokens
WHERE user_id = :user_id
ORDER BY created_at, id;
