-- depends: 20261127_0022_monitor_links
--
-- How much a user may keep. The limits are settings of the service (MAX_PADS_PER_USER, MAX_BYTES_PER_USER), which
-- `flask db-upgrade` and every start of the service write here, where functions find them. What a user
-- has is counted when that could matter: `usage` has an upper bound, to which whatever is added is added, and
-- which is counted anew when it reaches the limit.
--
-- Locks: SHARE ROW EXCLUSIVE on users for a moment, for the reference to it.

CREATE TABLE IF NOT EXISTS pad_ws.limits (
    name text PRIMARY KEY,
    value bigint NOT NULL,
    CONSTRAINT limits_value_not_negative CHECK (value >= 0)
);
COMMENT ON TABLE pad_ws.limits IS
'What one user may have at most, as the service was last set; changed by its settings alone.';
COMMENT ON COLUMN pad_ws.limits.name IS 'pads or bytes.';
COMMENT ON COLUMN pad_ws.limits.value IS 'The most; 0: any number.';
COMMENT ON CONSTRAINT limits_value_not_negative ON pad_ws.limits IS 'A number of things.';

CREATE TABLE IF NOT EXISTS pad_ws.usage (
    owner_id uuid PRIMARY KEY REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    bytes bigint NOT NULL,
    counted_at timestamptz NOT NULL
);
COMMENT ON TABLE pad_ws.usage IS
'An upper bound of what a user''s pads, backups and pictures take, once the user has added any.';
COMMENT ON COLUMN pad_ws.usage.owner_id IS 'Whose. Deleting the user deletes it.';
COMMENT ON COLUMN pad_ws.usage.bytes IS
'What was counted then, and all that has been added since; deleting takes nothing off.';
COMMENT ON COLUMN pad_ws.usage.counted_at IS 'When it was last counted.';

CREATE OR REPLACE VIEW pad_ws.monitoring_quotas AS
SELECT
    usage.owner_id AS user_id,
    users.username,
    usage.bytes,
    nullif(bytes_limit.value, 0) AS bytes_limit,
    round(100.0 * usage.bytes / nullif(bytes_limit.value, 0), 1) AS percent,
    usage.counted_at
FROM pad_ws.usage AS usage
INNER JOIN pad_ws.users AS users ON usage.owner_id = users.id
LEFT JOIN pad_ws.limits AS bytes_limit ON bytes_limit.name = 'bytes';

COMMENT ON VIEW pad_ws.monitoring_quotas IS
'How far users are from their limit: what was added since the last count is in, what was deleted is not.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.user_id IS 'The user.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.username IS 'The user''s name at the provider.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.bytes IS 'What pads, backups and pictures take, at most.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.bytes_limit IS 'What they may take; null: no limit.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.percent IS 'How much of that it is.';
COMMENT ON COLUMN pad_ws.monitoring_quotas.counted_at IS 'When it was last counted.';
