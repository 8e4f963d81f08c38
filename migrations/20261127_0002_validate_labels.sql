-- depends: 20261127_0001_what_history_knows
--
-- Looks whether all backups keep the rule about their labels.
--
-- Locks: SHARE UPDATE EXCLUSIVE on backups while it is read, without its scenes: reading and writing go
-- on.

ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_label_not_blank;
