-- Takes the trigger back. The column stays, without effect: the next upgrade fills what is missing.
--
-- squawk-ignore-file ban-drop-function
-- (nothing but the trigger calls it)

DROP FUNCTION IF EXISTS pad_ws.fill_backup_owner() CASCADE;
