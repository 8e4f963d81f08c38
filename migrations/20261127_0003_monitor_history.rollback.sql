-- Takes back the views, which hold no data and which no release of the service uses.
--
-- squawk-ignore-file ban-drop-view
-- (see above)

DROP VIEW IF EXISTS
pad_ws.monitoring_history_tiers,
pad_ws.monitoring_history_by_user,
pad_ws.monitoring_history_by_pad;
