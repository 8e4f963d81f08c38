-- depends: 20261127_0003_monitor_history
-- transactional: false
--
-- The trash: a pad that its owner deletes is kept, with all that belongs to it, and says when it was deleted.
--
-- pad.ws and earlier releases do not know the column: to them, what is in the trash is a pad like others.
--
-- Each statement can be run again. What a killed run may leave is an index that is not valid: it is
-- dropped first.
--
-- Locks: ACCESS EXCLUSIVE on pads for a moment; no table is rewritten. The indexes are built with SHARE UPDATE
-- EXCLUSIVE on pads: reading and writing go on. Time: two readings of pads, without their scenes.
--
-- squawk-ignore-file ban-concurrent-index-creation-in-transaction
-- (there is none: see above)

ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS deleted_at timestamptz;
COMMENT ON COLUMN pad_ws.pads.deleted_at IS
'When it was put into the trash; null: it was not. -infinity: deleted for good, and about to be removed.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['pads_owner_id_created_at_live_idx', 'pads_owner_id_deleted_at_idx'] LOOP
        IF EXISTS (
            SELECT FROM pg_index
            WHERE indexrelid = to_regclass('pad_ws.' || name) AND NOT indisvalid
        ) THEN
            EXECUTE format('DROP INDEX pad_ws.%I', name);
        END IF;
    END LOOP;
END
$$;

CREATE INDEX CONCURRENTLY IF NOT EXISTS pads_owner_id_created_at_live_idx
ON pad_ws.pads (owner_id, created_at NULLS FIRST, id) WHERE deleted_at IS NULL;
COMMENT ON INDEX pad_ws.pads_owner_id_created_at_live_idx IS
'A user''s pads in the order of the list, without what is in the trash.';

CREATE INDEX CONCURRENTLY IF NOT EXISTS pads_owner_id_deleted_at_idx
ON pad_ws.pads (owner_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
COMMENT ON INDEX pad_ws.pads_owner_id_deleted_at_idx IS
'A user''s trash, in the order of its list; finds what is due.';

COMMENT ON INDEX pad_ws.pads_owner_id_created_at_idx IS
'All of a user''s pads, whether in the trash or not: what deleting a user looks for. Earlier releases list by it.';
