-- depends: 20261125_0001_defaults_of_adopted_tables
--
-- Every backup says whose it is, as pads do, so that a statement on a user's rows finds them by their
-- owner alone: on several machines (Citus) that is where they are. Existing rows are filled by the
-- next migration.
--
-- pad.ws and the previous release insert backups without an owner; a trigger takes it from the pad.
-- It costs nothing where the owner is given: its condition is looked at, and no function is called.
--
-- Locks: ACCESS EXCLUSIVE on backups for a moment; no table is rewritten, no row is read.

ALTER TABLE pad_ws.backups ADD COLUMN IF NOT EXISTS owner_id uuid;
COMMENT ON COLUMN pad_ws.backups.owner_id IS 'Whose it is: always the owner of its pad.';

CREATE OR REPLACE FUNCTION pad_ws.fill_backup_owner() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    SELECT pads.owner_id INTO new.owner_id
    FROM pad_ws.pads AS pads
    WHERE pads.id = new.source_id;
    RETURN new;
END
$$;
COMMENT ON FUNCTION pad_ws.fill_backup_owner IS
'Trigger: gives a backup that says no owner the owner of its pad.';

CREATE OR REPLACE TRIGGER fill_backup_owner
BEFORE INSERT ON pad_ws.backups
FOR EACH ROW
WHEN (new.owner_id IS NULL)
EXECUTE FUNCTION pad_ws.fill_backup_owner();
COMMENT ON TRIGGER fill_backup_owner ON pad_ws.backups IS
'For backups of pad.ws and of releases that do not give an owner.';
