-- depends: 20261127_0011_trash
--
-- What `flask db-tidy` has removed since it first ran, for Prometheus: it runs now and then, on any machine. And
-- what each user's trash takes, in a view for monitoring.
--
-- Locks: none on tables that are there.

CREATE TABLE IF NOT EXISTS pad_ws.tidied (
    name text PRIMARY KEY,
    number bigint NOT NULL,
    ran_at timestamptz NOT NULL,
    CONSTRAINT tidied_number_not_negative CHECK (number >= 0)
);
COMMENT ON TABLE pad_ws.tidied IS
'What db-tidy has removed: one row for each kind of thing, once it has looked for it.';
COMMENT ON COLUMN pad_ws.tidied.name IS 'What: users, pads, backups, pictures.';
COMMENT ON COLUMN pad_ws.tidied.number IS 'How many, since it first ran.';
COMMENT ON COLUMN pad_ws.tidied.ran_at IS 'When it last looked.';
COMMENT ON CONSTRAINT tidied_number_not_negative ON pad_ws.tidied IS 'A number of things.';

CREATE OR REPLACE VIEW pad_ws.monitoring_trash_by_user AS
SELECT
    users.id AS user_id,
    users.username,
    count(pads.id) AS pads,
    min(pads.deleted_at) FILTER (WHERE isfinite(pads.deleted_at)) AS oldest_deleted_at,
    coalesce(sum(pg_column_size(pads.data)), 0)::bigint AS pads_bytes,
    coalesce(sum(taken.backups), 0)::bigint AS backups,
    coalesce(sum(taken.bytes), 0)::bigint AS backups_bytes,
    (coalesce(sum(pg_column_size(pads.data)), 0) + coalesce(sum(taken.bytes), 0))::bigint AS bytes
FROM pad_ws.users AS users
INNER JOIN pad_ws.pads AS pads ON users.id = pads.owner_id AND pads.deleted_at IS NOT NULL
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS backups,
            sum(pg_column_size(backups.data)) AS bytes
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = pads.id
            AND backups.owner_id = pads.owner_id
    ) AS taken
GROUP BY users.id, users.username;

COMMENT ON VIEW pad_ws.monitoring_trash_by_user IS
'What each user''s trash takes, of those who have something there; pictures are not in it. Reads no scene.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.user_id IS 'The user.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.username IS 'The user''s name at the provider.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.pads IS 'How many pads are in the trash.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.oldest_deleted_at IS
'When the first of them was deleted. Older than TRASH_DAYS: nobody has passed by since, so run flask db-tidy.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.pads_bytes IS 'What their scenes take.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.backups IS 'How many backups of them.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.backups_bytes IS 'What those take.';
COMMENT ON COLUMN pad_ws.monitoring_trash_by_user.bytes IS 'Both together.';
