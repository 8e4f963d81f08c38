-- depends: 20261128_0043_tidied_links
--
-- What `usage` has is an estimate: a pad that grows by less than a step of 64 KB adds nothing to it, nor do pictures
-- that leave a scene to be kept apart. It is counted anew at least once a day when something is added.
--
-- Locks: none on tables.

COMMENT ON TABLE pad_ws.usage IS
'An estimate of what a user''s pads, backups and pictures take, once the user has added any.';
COMMENT ON COLUMN pad_ws.usage.bytes IS
'What was counted then, and what has been added since, but for growth of less than 64 KB; deleting takes nothing off.';
COMMENT ON COLUMN pad_ws.usage.counted_at IS
'When it was last counted. A day later it is counted anew, as soon as something is added.';
COMMENT ON VIEW pad_ws.monitoring_quotas IS
'How far users are from their limit, about: most of what came since the last count is in, what was deleted is not.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.bytes IS 'What pads, backups and pictures take, about.';
