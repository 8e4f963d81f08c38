-- Takes back the views, which hold no data and which no release of the service uses, and when pads
-- and backups are vacuumed. The comments stay: they change nothing for any release.
--
-- squawk-ignore-file ban-drop-view
-- (see above)

DROP VIEW IF EXISTS pad_ws.monitoring_storage_by_user;
DROP VIEW IF EXISTS pad_ws.monitoring_largest_pads;
DROP VIEW IF EXISTS pad_ws.monitoring_backup_age;
DROP VIEW IF EXISTS pad_ws.monitoring_tables;

ALTER TABLE IF EXISTS pad_ws.pads RESET (
    autovacuum_vacuum_scale_factor,
    autovacuum_analyze_scale_factor,
    toast.autovacuum_vacuum_scale_factor
);

ALTER TABLE IF EXISTS pad_ws.backups RESET (
    autovacuum_vacuum_scale_factor,
    autovacuum_analyze_scale_factor,
    toast.autovacuum_vacuum_scale_factor
);
