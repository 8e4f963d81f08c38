-- Revoke a personal access token of this user. Index: access_tokens_pkey.
-- psql -v token_id="'…'" -v user_id="'…'" -f sql/tokens/delete_token.sql

DELETE FROM pad_ws.access_tokens
WHERE
    id = :token_id
    AND user_id = :user_id
RETURNING id;
