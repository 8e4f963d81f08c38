-- transactional: false
--
-- Who was being deleted is a user again, with what had not been removed yet. The columns stay, without effect. Stop
-- the instances of this release first.
--
-- Locks: ROW EXCLUSIVE on users; ACCESS EXCLUSIVE for a moment.
--
-- squawk-ignore-file require-concurrent-index-deletion
-- (the release that uses it is being taken back)

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('pad_ws.users') AND attname = 'deleted_at' AND NOT attisdropped
    ) THEN
        UPDATE pad_ws.users SET deleted_at = NULL WHERE deleted_at IS NOT NULL;
    END IF;
END
$$;

DROP INDEX IF EXISTS pad_ws.users_deleted_idx;
