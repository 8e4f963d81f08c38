-- depends: 20261126_0001_reasons_of_backups
--
-- Looks whether all backups keep the rule about their reasons.
--
-- Locks: SHARE UPDATE EXCLUSIVE on backups while it is read, without its scenes: reading and writing go
-- on.

ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_reason_known;
