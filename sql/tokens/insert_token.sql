-- A new personal access token. Constraints: access_tokens_scope_known, access_tokens_user_id_fkey.
-- Index: access_tokens_pkey.

INSERT INTO pad_ws.access_tokens (id, user_id, name, scope, token_digest, expires_at)
VALUES (gen_random_uuid(), :user_id, :name, :scope, :token_digest, :expires_at::timestamptz)
RETURNING id, name, scope, created_at, expires_at, last_used_at;
