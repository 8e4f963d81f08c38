-- Revoke all tokens of a user. Index: access_tokens_user_id_created_at_idx.
-- psql -v user_id="'…'" -f sql/tokens/delete_tokens.sql

DELETE FROM pad_ws.access_tokens
WHERE user_id = :user_id
RETURNING id;
