-- depends: 20261127_0002_validate_labels
--
-- What history takes, in views for monitoring: of each user, of each pad, and of each tier.
--
-- Locks: none on tables.

CREATE OR REPLACE VIEW pad_ws.monitoring_history_by_pad AS
SELECT
    backups.owner_id,
    backups.source_id AS pad_id,
    count(*) AS backups,
    sum(pg_column_size(backups.data))::bigint AS bytes,
    count(backups.label) AS labelled,
    count(*) FILTER (WHERE backups.reason IN ('replaced', 'merge')) AS replaced,
    coalesce(
        sum(pg_column_size(backups.data)) FILTER (WHERE backups.reason IN ('replaced', 'merge')), 0
    )::bigint AS replaced_bytes,
    min(backups.created_at) AS oldest_at,
    max(backups.created_at) AS newest_at
FROM pad_ws.backups AS backups
GROUP BY backups.owner_id, backups.source_id;

CREATE OR REPLACE VIEW pad_ws.monitoring_history_by_user AS
WITH history AS (
    SELECT
        backups.owner_id,
        count(*) AS backups,
        sum(pg_column_size(backups.data))::bigint AS bytes,
        count(backups.label) AS labelled,
        count(*) FILTER (WHERE backups.reason IN ('replaced', 'merge')) AS replaced
    FROM pad_ws.backups AS backups
    GROUP BY backups.owner_id
),

only_in_history AS (
    SELECT
        pictures.owner_id,
        count(*) AS pictures,
        sum(pg_column_size(pictures.content))::bigint AS bytes
    FROM pad_ws.pictures AS pictures
    WHERE
        NOT EXISTS (
            SELECT FROM pad_ws.pad_pictures AS needed
            WHERE needed.owner_id = pictures.owner_id AND needed.digest = pictures.digest
        )
        AND EXISTS (
            SELECT FROM pad_ws.backup_pictures AS needed
            WHERE needed.owner_id = pictures.owner_id AND needed.digest = pictures.digest
        )
    GROUP BY pictures.owner_id
)

SELECT
    users.id AS user_id,
    users.username,
    coalesce(history.backups, 0) AS backups,
    coalesce(history.bytes, 0) AS bytes,
    coalesce(history.labelled, 0) AS labelled,
    coalesce(history.replaced, 0) AS replaced,
    coalesce(only_in_history.pictures, 0) AS pictures,
    coalesce(only_in_history.bytes, 0) AS pictures_bytes
FROM pad_ws.users AS users
LEFT JOIN history ON users.id = history.owner_id
LEFT JOIN only_in_history ON users.id = only_in_history.owner_id;

CREATE OR REPLACE VIEW pad_ws.monitoring_history_tiers AS
WITH placed AS (
    SELECT
        backups.reason,
        backups.label,
        backups.created_at,
        pg_column_size(backups.data) AS bytes,
        row_number() OVER (
            PARTITION BY backups.owner_id, backups.source_id
            ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
        ) AS place
    FROM pad_ws.backups AS backups
),

tiered AS (
    SELECT
        placed.bytes,
        CASE
            WHEN placed.label IS NOT NULL THEN 'labelled'
            WHEN placed.reason IN ('replaced', 'merge') THEN 'replaced'
            WHEN placed.place <= 10 THEN 'newest'
            WHEN placed.created_at > now() - interval '24 hours' THEN 'hourly'
            WHEN placed.created_at > now() - interval '30 days' THEN 'daily'
            ELSE 'weekly'
        END AS tier
    FROM placed
)

SELECT
    tiered.tier,
    count(*) AS backups,
    sum(tiered.bytes)::bigint AS bytes
FROM tiered
GROUP BY tiered.tier;

COMMENT ON VIEW pad_ws.monitoring_history_by_pad IS
'What each pad''s backups take, if it has any. Reads every row of backups, but no scene.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.owner_id IS 'Whose it is.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.pad_id IS 'The pad.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.backups IS 'How many backups it has.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.bytes IS 'What they take, without pictures that are kept apart.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.labelled IS
'How many have a label, and stay until it is taken away.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.replaced IS 'How many hold what a save or a merge has replaced.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.replaced_bytes IS 'What those take.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.oldest_at IS 'When the oldest was taken.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_pad.newest_at IS 'When the newest was taken.';

COMMENT ON VIEW pad_ws.monitoring_history_by_user IS
'What each user''s backups take. Reads every row of backups and pictures, but no scene and no picture.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.user_id IS 'The user.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.username IS 'The user''s name at the provider.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.backups IS 'How many backups.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.bytes IS 'What they take, without pictures that are kept apart.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.labelled IS 'How many of them have a label.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.replaced IS 'How many hold what a save or a merge has replaced.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.pictures IS
'How many pictures are there for backups alone: no pad shows them any more.';
COMMENT ON COLUMN pad_ws.monitoring_history_by_user.pictures_bytes IS 'What those take.';

COMMENT ON VIEW pad_ws.monitoring_history_tiers IS
'What the tiers of history hold, over all pads, as the default settings have them. Reads every row of backups.';
COMMENT ON COLUMN pad_ws.monitoring_history_tiers.tier IS
'labelled, replaced, the newest ten of a pad, or what is kept beside them: hourly, daily, weekly.';
COMMENT ON COLUMN pad_ws.monitoring_history_tiers.backups IS 'How many backups.';
COMMENT ON COLUMN pad_ws.monitoring_history_tiers.bytes IS 'What they take, without pictures that are kept apart.';
