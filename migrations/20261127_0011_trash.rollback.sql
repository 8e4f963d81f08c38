-- transactional: false
--
-- Whatever is in the trash comes back, with its backups and pictures: the previous release has no trash, and
-- shows it anyway. So nothing is in the trash, with its old time, when this release is installed again. The
-- column stays, without effect. Stop the instances of this release first: they would put pads into the trash
-- meanwhile.
--
-- Locks: ROW EXCLUSIVE on pads while pads come back, without their scenes; ACCESS EXCLUSIVE for a moment.
--
-- squawk-ignore-file require-concurrent-index-deletion
-- (the release that uses them is being taken back)

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('pad_ws.pads') AND attname = 'deleted_at' AND NOT attisdropped
    ) THEN
        UPDATE pad_ws.pads SET deleted_at = NULL WHERE deleted_at IS NOT NULL;
    END IF;
END
$$;

DROP INDEX IF EXISTS pad_ws.pads_owner_id_created_at_live_idx;
DROP INDEX IF EXISTS pad_ws.pads_owner_id_deleted_at_idx;
