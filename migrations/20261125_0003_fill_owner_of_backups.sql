-- depends: 20261125_0002_owner_of_backups
-- transactional: false
--
-- Gives the backups that were there before the trigger their owner, 5,000 rows at a time, each lot
-- committed by itself: killed at any point, the next run goes on with what is still missing.
--
-- No scene is read or rewritten: those are kept out of line and stay where they are. Each row is
-- written again without its scene (about 100 bytes), which VACUUM cleans up as ever.
--
-- Locks: ROW EXCLUSIVE on backups; each lot holds the locks of its own rows for some milliseconds.
-- Time: docs/migrations.md has the figure for a million backups.

DO $$
DECLARE
    lot CONSTANT integer := 5000;
    seen uuid := '00000000-0000-0000-0000-000000000000';
    upto uuid;
    filled bigint := 0;
    changed bigint;
    reported_at timestamptz := clock_timestamp();
BEGIN
    LOOP
        SELECT ids.id INTO upto
        FROM (
            SELECT backups.id
            FROM pad_ws.backups AS backups
            WHERE backups.id > seen
            ORDER BY backups.id
            LIMIT lot
        ) AS ids
        ORDER BY ids.id DESC
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE pad_ws.backups AS backups
        SET owner_id = pads.owner_id
        FROM pad_ws.pads AS pads
        WHERE
            backups.id > seen
            AND backups.id <= upto
            AND backups.owner_id IS NULL
            AND pads.id = backups.source_id;
        GET DIAGNOSTICS changed = ROW_COUNT;
        COMMIT;
        seen := upto;
        filled := filled + changed;
        IF clock_timestamp() > reported_at + INTERVAL '5 seconds' THEN
            RAISE NOTICE 'Owners of backups: % filled so far.', filled;
            reported_at := clock_timestamp();
        END IF;
    END LOOP;
    IF filled > 0 THEN
        RAISE NOTICE 'Owners of backups: % filled.', filled;
    END IF;
END
$$;
