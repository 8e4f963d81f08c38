-- depends: 20261127_0013_leaving_users
--
-- Share links: whoever has one may look at a pad. Only a digest of each is kept, and a salted hash of its
-- password if it has one. A link belongs to its pad together with the pad's owner, and goes with either.
--
-- Locks: SHARE ROW EXCLUSIVE on pad_ws.pads and pad_ws.users for a moment, for the foreign keys.

CREATE TABLE IF NOT EXISTS pad_ws.links (
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    pad_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    PRIMARY KEY (owner_id, id),
    UNIQUE (owner_id, token_digest),
    CONSTRAINT links_digest_is_sha256 CHECK (octet_length(token_digest) = 32),
    CONSTRAINT links_password_is_hashed CHECK (password_hash LIKE 'scrypt:%'),
    CONSTRAINT links_expires_after_creation CHECK (expires_at > created_at)
);

CREATE INDEX IF NOT EXISTS links_owner_id_pad_id_created_at_idx
ON pad_ws.links (owner_id, pad_id, created_at, id);

-- A rollback takes this key away and leaves the links. A pad may have gone meanwhile.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.links'::regclass AND conname = 'links_pad_id_owner_id_fkey'
    ) THEN
        DELETE FROM pad_ws.links AS links
        WHERE NOT EXISTS (
            SELECT FROM pad_ws.pads AS pads
            WHERE pads.id = links.pad_id AND pads.owner_id = links.owner_id
        );
        ALTER TABLE pad_ws.links
        ADD CONSTRAINT links_pad_id_owner_id_fkey
        FOREIGN KEY (pad_id, owner_id) REFERENCES pad_ws.pads (id, owner_id) ON DELETE CASCADE;
    END IF;
END
$$;

COMMENT ON TABLE pad_ws.links IS 'Share links: whoever has one may look at a pad, until it expires or is deleted.';
COMMENT ON COLUMN pad_ws.links.owner_id IS 'Whose it is: always the owner of the pad. The link itself says so, too.';
COMMENT ON COLUMN pad_ws.links.id IS 'By which its owner ends it; it opens nothing.';
COMMENT ON COLUMN pad_ws.links.pad_id IS 'The pad that it shows. Deleting the pad deletes it.';
COMMENT ON COLUMN pad_ws.links.token_digest IS 'SHA-256 of the token; the token itself is told once and not kept.';
COMMENT ON COLUMN pad_ws.links.password_hash IS
'The password as a salted scrypt, as werkzeug.security writes it; null: it has none.';
COMMENT ON COLUMN pad_ws.links.created_at IS 'When it was made.';
COMMENT ON COLUMN pad_ws.links.expires_at IS 'When it ends by itself; null: never.';
COMMENT ON INDEX pad_ws.links_owner_id_pad_id_created_at_idx IS
'A pad''s links, oldest first; what deleting a pad looks for.';
COMMENT ON CONSTRAINT links_digest_is_sha256 ON pad_ws.links IS 'As long as a SHA-256.';
COMMENT ON CONSTRAINT links_password_is_hashed ON pad_ws.links IS 'Never a password itself.';
COMMENT ON CONSTRAINT links_expires_after_creation ON pad_ws.links IS 'A link opens for some time at least.';
