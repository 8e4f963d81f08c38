-- depends: 20261127_0021_links
--
-- How many share links each user has, in a view for monitoring.
--
-- Locks: none on tables.

CREATE OR REPLACE VIEW pad_ws.monitoring_links_by_user AS
SELECT
    users.id AS user_id,
    users.username,
    count(links.id) AS links,
    count(links.id) FILTER (WHERE links.expires_at <= now()) AS expired,
    count(links.password_hash) AS with_password,
    count(DISTINCT links.pad_id) AS pads,
    max(links.created_at) AS newest_at
FROM pad_ws.users AS users
LEFT JOIN pad_ws.links AS links ON users.id = links.owner_id
GROUP BY users.id, users.username;

COMMENT ON VIEW pad_ws.monitoring_links_by_user IS 'How many share links each user has. Reads every row of links.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.user_id IS 'The user.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.username IS 'The user''s name at the provider.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.links IS 'How many links, the expired ones included.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.expired IS 'How many of them have expired.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.with_password IS 'How many of them have a password.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.pads IS 'How many pads they show.';
COMMENT ON COLUMN pad_ws.monitoring_links_by_user.newest_at IS 'When the newest was made; null: there is none.';
