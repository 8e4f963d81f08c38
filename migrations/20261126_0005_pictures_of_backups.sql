-- depends: 20261126_0004_pictures
-- transactional: false
--
-- Which pictures a backup needs. A backup is referred to together with its owner, so it gets the key
-- that pads have already.
--
-- Each statement can be run again. What a killed run may leave is an index that is not valid: it is
-- dropped first.
--
-- Locks: the index is built with SHARE UPDATE EXCLUSIVE on backups: reading and writing go on. Beside that
-- ACCESS EXCLUSIVE on backups for a moment, and SHARE ROW EXCLUSIVE on users. Time: one reading of backups,
-- without their scenes.
--
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction
-- (there is none: see above)

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_index
        WHERE indexrelid = to_regclass('pad_ws.backups_id_owner_id_key') AND NOT indisvalid
    ) THEN
        DROP INDEX pad_ws.backups_id_owner_id_key;
    END IF;
END
$$;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS backups_id_owner_id_key ON pad_ws.backups (id, owner_id);

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.backups'::regclass AND conname = 'backups_id_owner_id_key'
    ) THEN
        ALTER TABLE pad_ws.backups
        ADD CONSTRAINT backups_id_owner_id_key UNIQUE USING INDEX backups_id_owner_id_key;
    END IF;
END
$$;
COMMENT ON CONSTRAINT backups_id_owner_id_key ON pad_ws.backups IS
'What pictures are referred to by: a backup together with its owner.';

CREATE TABLE IF NOT EXISTS pad_ws.backup_pictures (
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    backup_id uuid NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (owner_id, backup_id, digest),
    FOREIGN KEY (backup_id, owner_id) REFERENCES pad_ws.backups (id, owner_id) ON DELETE CASCADE,
    FOREIGN KEY (owner_id, digest) REFERENCES pad_ws.pictures (owner_id, digest)
);

CREATE INDEX IF NOT EXISTS backup_pictures_owner_id_digest_idx
ON pad_ws.backup_pictures (owner_id, digest);

COMMENT ON TABLE pad_ws.backup_pictures IS
'Which pictures a backup needs: those in backups.pictures, each once.';
COMMENT ON COLUMN pad_ws.backup_pictures.owner_id IS 'Whose they are: always the owner of the backup.';
COMMENT ON COLUMN pad_ws.backup_pictures.backup_id IS 'The backup. Deleting it deletes this.';
COMMENT ON COLUMN pad_ws.backup_pictures.digest IS
'The picture, which cannot be deleted while this is there.';
COMMENT ON INDEX pad_ws.backup_pictures_owner_id_digest_idx IS
'Which backups need a picture: what deleting one looks for.';

-- What a rollback has left: it puts pictures back into scenes, and leaves what referred to them.

DELETE FROM pad_ws.backup_pictures AS needed
USING pad_ws.backups AS backups
WHERE needed.backup_id = backups.id AND needed.owner_id = backups.owner_id AND backups.pictures IS NULL;
