-- depends: 20261126_0006_monitor_pictures
--
-- How the last `flask db-verify` and the last `flask db-drill` ended. They run now and then, on any machine;
-- the service tells Prometheus what is kept here.
--
-- Locks: none on tables that are there.

CREATE TABLE IF NOT EXISTS pad_ws.checks (
    name text PRIMARY KEY,
    finished_at timestamptz NOT NULL,
    faults bigint NOT NULL,
    succeeded_at timestamptz,
    CONSTRAINT checks_faults_not_negative CHECK (faults >= 0)
);
COMMENT ON TABLE pad_ws.checks IS
'How the last db-verify and the last db-drill ended: one row each, once there was one.';
COMMENT ON COLUMN pad_ws.checks.name IS 'db-verify or db-drill.';
COMMENT ON COLUMN pad_ws.checks.finished_at IS 'When the last one ended. One that could not look does not count.';
COMMENT ON COLUMN pad_ws.checks.faults IS 'What it found wrong: damaged rows, missing rules, differences.';
COMMENT ON COLUMN pad_ws.checks.succeeded_at IS 'When the last one ended that found nothing; null: none yet.';
COMMENT ON CONSTRAINT checks_faults_not_negative ON pad_ws.checks IS 'A number of faults.';
