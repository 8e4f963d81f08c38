-- Takes the rules back; the owners stay where they are.
--
-- squawk-ignore-file ban-drop-constraint
-- (the release that uses them is being taken back)

ALTER TABLE IF EXISTS pad_ws.backups DROP CONSTRAINT IF EXISTS backups_source_id_owner_id_fkey;
ALTER TABLE IF EXISTS pad_ws.backups DROP CONSTRAINT IF EXISTS backups_owner_id_given;
ALTER TABLE IF EXISTS pad_ws.pads DROP CONSTRAINT IF EXISTS pads_id_owner_id_key;
