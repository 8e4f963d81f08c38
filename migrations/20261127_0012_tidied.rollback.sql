-- Takes back the view, which holds no data. The table stays, without effect: it holds counts alone.
--
-- squawk-ignore-file ban-drop-view
-- (see above)

DROP VIEW IF EXISTS pad_ws.monitoring_trash_by_user;
