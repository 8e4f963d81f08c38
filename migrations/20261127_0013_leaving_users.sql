-- depends: 20261127_0012_tidied
-- transactional: false
--
-- Users who leave: one whose things are being deleted, lot by lot, is marked first; and one whose name or
-- address somebody else has signed in with keeps what it was.
--
-- pad.ws and earlier releases do not know the columns: to them, a user who is being deleted is one like others.
--
-- Each statement can be run again. What a killed run may leave is an index that is not valid: it is
-- dropped first.
--
-- Locks: ACCESS EXCLUSIVE on users for a moment; no table is rewritten. The index is built with SHARE UPDATE
-- EXCLUSIVE on users: reading and writing go on. Time: one reading of users.
--
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction
-- (there is none: see above)

ALTER TABLE pad_ws.users
ADD COLUMN IF NOT EXISTS deleted_at timestamptz,
ADD COLUMN IF NOT EXISTS former_username varchar(254),
ADD COLUMN IF NOT EXISTS former_email varchar(254);
COMMENT ON COLUMN pad_ws.users.deleted_at IS
'When an administrator began to delete it; null: nobody has. Such a row is nobody, and goes when its things have.';
COMMENT ON COLUMN pad_ws.users.former_username IS
'The name that it had until somebody else signed in with it; null: that has not happened.';
COMMENT ON COLUMN pad_ws.users.former_email IS
'The address that it had until somebody else signed in with it; null: that has not happened.';

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_index
        WHERE indexrelid = to_regclass('pad_ws.users_deleted_idx') AND NOT indisvalid
    ) THEN
        DROP INDEX pad_ws.users_deleted_idx;
    END IF;
END
$$;

CREATE INDEX CONCURRENTLY IF NOT EXISTS users_deleted_idx
ON pad_ws.users (id) WHERE deleted_at IS NOT NULL;
COMMENT ON INDEX pad_ws.users_deleted_idx IS 'Users who are being deleted: what flask db-tidy finishes.';
