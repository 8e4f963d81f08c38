-- A new personal access token. Constraints: access_tokens_user_id_fkey,
-- access_tokens_expires_after_creation. Index: users_pkey, for the foreign key.
-- psql -v token_id="'…'" -v user_id="'…'" -v name="'…'" -v scope="'read'" -v token_digest="sha256('…')" \
--      -v expires_at=NULL -f sql/tokens/insert_token.sql

INSERT INTO pad_ws.access_tokens (id, user_id, name, scope, token_digest, expires_at)
VALUES (:token_id, :user_id, :name, :scope, :token_digest, :expires_at::timestamptz)
RETURNING id, name, scope, created_at, expires_at, last_used_at;
