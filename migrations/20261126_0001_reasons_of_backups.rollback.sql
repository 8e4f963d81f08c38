-- Takes the rule back; the columns stay, without effect.
--
-- squawk-ignore-file ban-drop-constraint
-- (the release that uses it is being taken back)

ALTER TABLE IF EXISTS pad_ws.backups DROP CONSTRAINT IF EXISTS backups_reason_known;
