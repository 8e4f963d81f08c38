-- Takes the rule back. The columns stay, without effect: labels are somebody's words. prune_backups stays too.
--
-- squawk-ignore-file ban-drop-constraint
-- (the release that uses it is being taken back)

ALTER TABLE IF EXISTS pad_ws.backups DROP CONSTRAINT IF EXISTS backups_label_not_blank;
