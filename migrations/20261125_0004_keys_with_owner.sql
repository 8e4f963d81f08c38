-- depends: 20261125_0003_fill_owner_of_backups
-- transactional: false
--
-- A backup refers to its pad and to its pad's owner together, so that the two can never disagree, and
-- has an owner always. The references that were there stay for one more release.
--
-- Each statement can be run again. What a killed run may leave is an index that is not valid: it is
-- dropped first.
--
-- Locks: the index is built with SHARE UPDATE EXCLUSIVE on pads, the rules are validated with SHARE
-- UPDATE EXCLUSIVE on backups: reading and writing go on. Beside that ACCESS EXCLUSIVE on each table
-- for some moments. Time: one reading of pads and two of backups, without their scenes.
--
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction
-- (there is none: see above)

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_index
        WHERE indexrelid = to_regclass('pad_ws.pads_id_owner_id_key') AND NOT indisvalid
    ) THEN
        DROP INDEX pad_ws.pads_id_owner_id_key;
    END IF;
END
$$;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS pads_id_owner_id_key ON pad_ws.pads (id, owner_id);

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.pads'::regclass AND conname = 'pads_id_owner_id_key'
    ) THEN
        ALTER TABLE pad_ws.pads
        ADD CONSTRAINT pads_id_owner_id_key UNIQUE USING INDEX pads_id_owner_id_key;
    END IF;
END
$$;
COMMENT ON CONSTRAINT pads_id_owner_id_key ON pad_ws.pads IS
'What backups refer to: a pad together with its owner.';

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.backups'::regclass AND conname = 'backups_source_id_owner_id_fkey'
    ) THEN
        ALTER TABLE pad_ws.backups
        ADD CONSTRAINT backups_source_id_owner_id_fkey
        FOREIGN KEY (source_id, owner_id) REFERENCES pad_ws.pads (id, owner_id)
        ON DELETE CASCADE NOT VALID;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.backups'::regclass AND conname = 'backups_owner_id_given'
    ) THEN
        ALTER TABLE pad_ws.backups
        ADD CONSTRAINT backups_owner_id_given CHECK (owner_id IS NOT NULL) NOT VALID;
    END IF;
END
$$;
COMMENT ON CONSTRAINT backups_source_id_owner_id_fkey ON pad_ws.backups IS
'A backup is of a pad of the same owner. Deleting the pad deletes it.';

COMMENT ON CONSTRAINT backups_owner_id_given ON pad_ws.backups IS
'A backup has an owner. A rule instead of NOT NULL: to releases that do not know the column that is an obstacle.';

ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_source_id_owner_id_fkey;
ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_owner_id_given;
