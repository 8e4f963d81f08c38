-- depends: 20261126_0005_pictures_of_backups
--
-- What pictures take that are kept apart, in a view for monitoring.
--
-- Locks: none on tables.

CREATE OR REPLACE VIEW pad_ws.monitoring_pictures_by_user AS
SELECT
    users.id AS user_id,
    users.username,
    count(pictures.digest) AS pictures,
    coalesce(sum(pg_column_size(pictures.content)), 0)::bigint AS bytes,
    count(pictures.unneeded_since) AS unneeded,
    coalesce(
        sum(pg_column_size(pictures.content)) FILTER (WHERE pictures.unneeded_since IS NOT NULL), 0
    )::bigint AS unneeded_bytes
FROM pad_ws.users AS users
LEFT JOIN pad_ws.pictures AS pictures ON users.id = pictures.owner_id
GROUP BY users.id, users.username;

COMMENT ON VIEW pad_ws.monitoring_pictures_by_user IS
'What each user''s pictures take that are kept apart, each once. Reads every row of pictures, but no picture.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.user_id IS 'The user.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.username IS 'The user''s name at the provider.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.pictures IS 'How many pictures.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.bytes IS 'What they take.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.unneeded IS
'How many of them nothing needed when flask db-tidy last looked.';
COMMENT ON COLUMN pad_ws.monitoring_pictures_by_user.unneeded_bytes IS 'What those take.';
