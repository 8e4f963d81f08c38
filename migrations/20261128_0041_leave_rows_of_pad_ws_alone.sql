-- depends: 20261127_0031_quotas
--
-- A rule is asked at every change of a row, also at one that is not about what breaks it. So a pad or a backup
-- that pad.ws had written, and that breaks a rule, could not be put into the trash, moved or labelled. From now on
-- the rules leave such rows alone: pads at version 0, and backups without a digest, which padws gives to each
-- that it takes.
--
-- Where a rule about scenes is valid, no row breaks it, and it stays as it is: looking at every scene once more
-- takes long.
--
-- Locks: ACCESS EXCLUSIVE on pads and backups for a moment; no row is read. The next migration reads backups.
--
-- squawk-ignore-file ban-drop-constraint
-- (each is added again by the same statement, so that this can run twice)

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pad_ws.pads) OR NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.pads'::regclass AND conname = 'pads_data_is_scene' AND convalidated
    ) THEN
        ALTER TABLE pad_ws.pads
        DROP CONSTRAINT IF EXISTS pads_data_is_scene,
        ADD CONSTRAINT pads_data_is_scene CHECK (version = 0 OR pad_ws.is_scene(data)) NOT VALID;
    END IF;
    IF NOT EXISTS (SELECT FROM pad_ws.backups) OR NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.backups'::regclass AND conname = 'backups_data_is_object' AND convalidated
    ) THEN
        ALTER TABLE pad_ws.backups
        DROP CONSTRAINT IF EXISTS backups_data_is_object,
        ADD CONSTRAINT backups_data_is_object CHECK (
            digest IS NULL OR jsonb_typeof(data) = 'object'
        ) NOT VALID;
    END IF;
END
$$;

ALTER TABLE pad_ws.backups
DROP CONSTRAINT IF EXISTS backups_times_in_order,
ADD CONSTRAINT backups_times_in_order CHECK (
    digest IS NULL OR updated_at >= created_at - interval '1 minute'
) NOT VALID;

COMMENT ON CONSTRAINT pads_data_is_scene ON pad_ws.pads IS
'A scene; not asked of pads that only pad.ws has written. Validated on new databases alone.';
COMMENT ON CONSTRAINT backups_data_is_object ON pad_ws.backups IS
'An object; whether it is a scene is asked when it is restored. Not asked of backups of pad.ws.';
COMMENT ON CONSTRAINT backups_times_in_order ON pad_ws.backups IS
'Changed after it was made, give or take a minute; not asked of backups of pad.ws.';
