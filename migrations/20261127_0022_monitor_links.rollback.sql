-- Takes back the view, which holds no data and which no release of the service uses.
--
-- squawk-ignore-file ban-drop-view
-- (see above)

DROP VIEW IF EXISTS pad_ws.monitoring_links_by_user;
