-- depends: 20261126_0003_plan_stamp_scene_once
--
-- Pictures apart: what a scene holds in files.<id>.dataURL, when it is longer than 2 KB, is kept once per
-- owner and content, and the row says which file has which picture. Foreign keys keep what is needed.
--
-- Nothing is taken out of the scenes that are there: that happens when they are next saved. On a database
-- with drawings it does not happen by itself (PICTURES_APART in docs/migrations.md), because an earlier
-- release reads such scenes without their pictures.
--
-- Every table of these refers to the user itself, so that deleting one empties all of them before
-- any of the other references is looked at.
--
-- Locks: ACCESS EXCLUSIVE on pads and backups and SHARE ROW EXCLUSIVE on pads and users, for a moment; no
-- table is rewritten, no row is read.

CREATE TABLE IF NOT EXISTS pad_ws.pictures (
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    digest bytea NOT NULL,
    content json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    unneeded_since timestamptz,
    PRIMARY KEY (owner_id, digest),
    CONSTRAINT pictures_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT pictures_content_is_text CHECK (json_typeof(content) = 'string')
);

-- Pictures are compressed already.
ALTER TABLE pad_ws.pictures ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE INDEX IF NOT EXISTS pictures_unneeded_since_idx
ON pad_ws.pictures (owner_id, unneeded_since) WHERE unneeded_since IS NOT NULL;

CREATE TABLE IF NOT EXISTS pad_ws.pad_pictures (
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    pad_id uuid NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (owner_id, pad_id, digest),
    FOREIGN KEY (owner_id, digest) REFERENCES pad_ws.pictures (owner_id, digest)
);

CREATE INDEX IF NOT EXISTS pad_pictures_owner_id_digest_idx
ON pad_ws.pad_pictures (owner_id, digest);

ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS pictures jsonb;
ALTER TABLE pad_ws.backups ADD COLUMN IF NOT EXISTS pictures jsonb;

-- A rollback puts pictures back into scenes. It leaves what referred to them, and takes this key away.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE
            conrelid = 'pad_ws.pad_pictures'::regclass
            AND conname = 'pad_pictures_pad_id_owner_id_fkey'
    ) THEN
        DELETE FROM pad_ws.pad_pictures;
        ALTER TABLE pad_ws.pad_pictures
        ADD CONSTRAINT pad_pictures_pad_id_owner_id_fkey
        FOREIGN KEY (pad_id, owner_id) REFERENCES pad_ws.pads (id, owner_id) ON DELETE CASCADE;
    END IF;
END
$$;

-- Whether new pictures are kept apart where PICTURES_APART does not say: on a database without a drawing.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pad_ws.pads) THEN
        CREATE OR REPLACE FUNCTION pad_ws.are_pictures_apart() RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS 'SELECT TRUE';
    ELSIF to_regproc('pad_ws.are_pictures_apart') IS NULL THEN
        CREATE FUNCTION pad_ws.are_pictures_apart() RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS 'SELECT FALSE';
    END IF;
END
$$;

COMMENT ON FUNCTION pad_ws.are_pictures_apart IS
'Whether new pictures are kept apart where PICTURES_APART does not say.';

COMMENT ON TABLE pad_ws.pictures IS
'Pictures of scenes (files.<id>.dataURL longer than 2 KB), once per owner and content.';
COMMENT ON COLUMN pad_ws.pictures.owner_id IS 'Whose it is. Deleting the user deletes it.';
COMMENT ON COLUMN pad_ws.pictures.digest IS 'SHA-256 of the text in UTF-8.';
COMMENT ON COLUMN pad_ws.pictures.content IS
'The text, as a JSON string. Kept out of line, and not compressed.';
COMMENT ON COLUMN pad_ws.pictures.created_at IS 'When it was added.';
COMMENT ON COLUMN pad_ws.pictures.unneeded_since IS
'When flask db-tidy first found that nothing refers to it; a day later it may go. Null: needed.';

COMMENT ON TABLE pad_ws.pad_pictures IS 'Which pictures a pad needs: those in pads.pictures, each once.';
COMMENT ON COLUMN pad_ws.pad_pictures.owner_id IS 'Whose they are: always the owner of the pad.';
COMMENT ON COLUMN pad_ws.pad_pictures.pad_id IS 'The pad. Deleting it deletes this.';
COMMENT ON COLUMN pad_ws.pad_pictures.digest IS 'The picture, which cannot be deleted while this is there.';

COMMENT ON COLUMN pad_ws.pads.pictures IS
'File id -> digest of the picture (SHA-256, hexadecimal) that was taken out of the scene; null: none was.';
COMMENT ON COLUMN pad_ws.backups.pictures IS
'File id -> digest of the picture (SHA-256, hexadecimal) that was taken out of the scene; null: none was.';

COMMENT ON INDEX pad_ws.pictures_unneeded_since_idx IS
'Pictures that nothing needed when flask db-tidy last looked.';
COMMENT ON INDEX pad_ws.pad_pictures_owner_id_digest_idx IS
'Which pads need a picture: what deleting one looks for.';
COMMENT ON CONSTRAINT pictures_digest_is_sha256 ON pad_ws.pictures IS 'As long as a SHA-256.';
COMMENT ON CONSTRAINT pictures_content_is_text ON pad_ws.pictures IS 'A JSON string.';
