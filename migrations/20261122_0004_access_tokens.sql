-- depends: 20261122_0003_legacy_data
--
-- Personal access tokens, which users make for their scripts. Only a digest of each is kept.
--
-- Locks: SHARE ROW EXCLUSIVE on pad_ws.users for a moment, for the foreign key.

CREATE TABLE IF NOT EXISTS pad_ws.access_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    name varchar(100) NOT NULL,
    scope text NOT NULL,
    token_digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT access_tokens_scope_known CHECK (scope IN ('read', 'write'))
);

COMMENT ON TABLE pad_ws.access_tokens IS 'Personal access tokens, which users make for their scripts.';
COMMENT ON COLUMN pad_ws.access_tokens.scope IS 'read, or write, which includes reading.';
COMMENT ON COLUMN pad_ws.access_tokens.token_digest IS
'SHA-256 of the token; the token itself is shown once and not kept.';
COMMENT ON COLUMN pad_ws.access_tokens.last_used_at IS 'To the minute.';

CREATE INDEX IF NOT EXISTS access_tokens_user_id_created_at_idx
ON pad_ws.access_tokens (user_id, created_at, id);
