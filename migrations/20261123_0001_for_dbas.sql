-- depends: 20261122_0004_access_tokens
--
-- What a DBA looks for: views to watch sizes, backups and bloat with; earlier vacuuming of the tables
-- that saves rewrite; and in the database itself, for psql's \d+ and every tool that reads comments,
-- what every table, column, index, rule and function is for (docs/database.md is made of that).
--
-- Locks: SHARE UPDATE EXCLUSIVE on each table for a moment; reading and writing go on.

-- The views are not for the service. They show sizes, counts and times, never a scene, a pad's name
-- or an address, so that a role may be given them without the tables. Sizes are what is stored,
-- compressed; no scene is read for them.

CREATE OR REPLACE VIEW pad_ws.monitoring_storage_by_user AS
WITH kept AS (
    SELECT
        backups.source_id,
        count(*) AS backups,
        sum(pg_column_size(backups.data)) AS backups_bytes
    FROM pad_ws.backups AS backups
    GROUP BY backups.source_id
),

stored AS (
    SELECT
        pads.owner_id,
        count(*) AS pads,
        sum(pg_column_size(pads.data))::bigint AS pads_bytes,
        coalesce(sum(kept.backups), 0)::bigint AS backups,
        coalesce(sum(kept.backups_bytes), 0)::bigint AS backups_bytes,
        max(pads.updated_at) AS last_saved_at
    FROM pad_ws.pads AS pads
    LEFT JOIN kept ON pads.id = kept.source_id
    GROUP BY pads.owner_id
)

SELECT
    users.id AS user_id,
    users.username,
    coalesce(stored.pads, 0) AS pads,
    coalesce(stored.pads_bytes, 0) AS pads_bytes,
    coalesce(stored.backups, 0) AS backups,
    coalesce(stored.backups_bytes, 0) AS backups_bytes,
    coalesce(stored.pads_bytes + stored.backups_bytes, 0) AS bytes,
    stored.last_saved_at
FROM pad_ws.users AS users
LEFT JOIN stored ON users.id = stored.owner_id;

CREATE OR REPLACE VIEW pad_ws.monitoring_largest_pads AS
WITH largest AS (
    SELECT
        pads.id AS pad_id,
        pads.owner_id,
        pg_column_size(pads.data) AS bytes,
        pads.version,
        pads.updated_at
    FROM pad_ws.pads AS pads
    ORDER BY pg_column_size(pads.data) DESC, pads.id ASC
    LIMIT 100
)

SELECT
    largest.pad_id,
    largest.owner_id,
    largest.bytes,
    count(backups.id) AS backups,
    coalesce(sum(pg_column_size(backups.data)), 0)::bigint AS backups_bytes,
    largest.version,
    largest.updated_at
FROM largest
LEFT JOIN pad_ws.backups AS backups ON largest.pad_id = backups.source_id
GROUP BY largest.pad_id, largest.owner_id, largest.bytes, largest.version, largest.updated_at
ORDER BY largest.bytes DESC, largest.pad_id ASC;

CREATE OR REPLACE VIEW pad_ws.monitoring_backup_age AS
SELECT
    pads.id AS pad_id,
    pads.owner_id,
    pads.updated_at AS last_saved_at,
    newest.taken_at AS newest_backup_at,
    now() - newest.taken_at AS newest_backup_age,
    greatest(pads.updated_at - coalesce(newest.taken_at, pads.created_at), interval '0') AS not_backed_up_for
FROM pad_ws.pads AS pads
LEFT JOIN LATERAL (
    SELECT backups.created_at AS taken_at
    FROM pad_ws.backups AS backups
    WHERE backups.source_id = pads.id
    ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
    LIMIT 1
) AS newest ON TRUE;

CREATE OR REPLACE VIEW pad_ws.monitoring_tables AS
SELECT
    own.relname AS table_name,
    own.n_live_tup AS live_rows,
    own.n_dead_tup AS dead_rows,
    round(100.0 * own.n_dead_tup / nullif(own.n_live_tup + own.n_dead_tup, 0), 1) AS dead_percent,
    toast.n_live_tup AS toast_live_rows,
    toast.n_dead_tup AS toast_dead_rows,
    round(100.0 * toast.n_dead_tup / nullif(toast.n_live_tup + toast.n_dead_tup, 0), 1) AS toast_dead_percent,
    pg_relation_size(own.relid) AS table_bytes,
    coalesce(pg_total_relation_size(toast.relid), 0) AS toast_bytes,
    pg_indexes_size(own.relid) AS indexes_bytes,
    pg_total_relation_size(own.relid) AS bytes,
    own.n_tup_upd AS updates,
    own.n_tup_hot_upd AS hot_updates,
    greatest(own.last_vacuum, own.last_autovacuum) AS last_vacuum_at,
    greatest(toast.last_vacuum, toast.last_autovacuum) AS toast_last_vacuum_at,
    greatest(own.last_analyze, own.last_autoanalyze) AS last_analyze_at,
    greatest(age(class.relfrozenxid), age(toast_class.relfrozenxid)) AS transactions_since_freeze
FROM pg_catalog.pg_stat_all_tables AS own
INNER JOIN pg_catalog.pg_class AS class ON own.relid = class.oid
LEFT JOIN pg_catalog.pg_class AS toast_class ON class.reltoastrelid = toast_class.oid
LEFT JOIN pg_catalog.pg_stat_all_tables AS toast ON class.reltoastrelid = toast.relid
WHERE own.schemaname = 'pad_ws';

-- A save replaces the whole scene, 2 kB a piece, and leaves the old pieces behind: with PostgreSQL's
-- defaults a fifth of the largest tables would be dead before any of it is used again, and much of
-- it in one go. This replaces what a DBA has set for these two tables before.

ALTER TABLE pad_ws.pads SET (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05,
    toast.autovacuum_vacuum_scale_factor = 0.05
);

ALTER TABLE pad_ws.backups SET (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05,
    toast.autovacuum_vacuum_scale_factor = 0.05
);

-- Comments. Objects that only pad.ws has are not spoken of.

DO $$
BEGIN
    COMMENT ON TABLE pad_ws.users IS 'People who have signed in, or whom an administrator has made.';
    COMMENT ON COLUMN pad_ws.users.id IS
    'Who it is at the sign-in provider: its subject where that is a UUID, else a UUID derived from issuer and subject.';
    COMMENT ON COLUMN pad_ws.users.username IS 'As the provider last said; a placeholder if it did not.';
    COMMENT ON COLUMN pad_ws.users.email IS 'As the provider last said; a placeholder if it did not.';
    COMMENT ON COLUMN pad_ws.users.email_verified IS 'Whether the provider has verified the address.';
    COMMENT ON COLUMN pad_ws.users.name IS 'Full name, for showing.';
    COMMENT ON COLUMN pad_ws.users.given_name IS 'Given name, for showing.';
    COMMENT ON COLUMN pad_ws.users.family_name IS 'Family name, for showing.';
    COMMENT ON COLUMN pad_ws.users.roles IS
    'Array of the role names the provider last gave; "admin" makes an administrator.';
    COMMENT ON COLUMN pad_ws.users.created_at IS 'When the row was made. Null only in rows of pad.ws.';
    COMMENT ON COLUMN pad_ws.users.updated_at IS 'When the row last changed. Null only in rows of pad.ws.';

    COMMENT ON TABLE pad_ws.pads IS
    'Drawings as they are now. The busiest table: an open drawing rewrites its row about once a second.';
    COMMENT ON COLUMN pad_ws.pads.id IS 'Names the pad in addresses; random.';
    COMMENT ON COLUMN pad_ws.pads.owner_id IS 'Whose it is. Deleting the user deletes it.';
    COMMENT ON COLUMN pad_ws.pads.display_name IS 'Its name; also in the scene, at appState.pad.displayName.';
    COMMENT ON COLUMN pad_ws.pads.data IS
    'The scene: elements, appState and files (images as data URLs). Kept out of line (TOAST) unless it is small.';
    COMMENT ON COLUMN pad_ws.pads.created_at IS
    'When it was made; a list is in this order. Null only in rows of pad.ws.';
    COMMENT ON COLUMN pad_ws.pads.updated_at IS
    'When scene or name last changed. Null only in rows of pad.ws.';

    COMMENT ON TABLE pad_ws.backups IS
    'What pads were: the newest of each pad are kept (MAX_BACKUPS_PER_USER). Rows are added and deleted, never changed.';
    COMMENT ON COLUMN pad_ws.backups.id IS 'Names the backup in addresses; random.';
    COMMENT ON COLUMN pad_ws.backups.source_id IS 'The pad. Deleting it deletes its backups.';
    COMMENT ON COLUMN pad_ws.backups.data IS 'The scene at that time.';
    COMMENT ON COLUMN pad_ws.backups.created_at IS
    'When it was taken; shown as timestamp. Null only in rows of pad.ws.';
    COMMENT ON COLUMN pad_ws.backups.updated_at IS 'The same as created_at; pad.ws has the column.';

    COMMENT ON TABLE pad_ws.template_pads IS 'Drawings that new pads start from; few.';
    COMMENT ON COLUMN pad_ws.template_pads.id IS 'Random; nothing refers to it.';
    COMMENT ON COLUMN pad_ws.template_pads.name IS
    'Names the template in addresses; the name of its file, if it was loaded from one.';
    COMMENT ON COLUMN pad_ws.template_pads.display_name IS 'Its name, for showing.';
    COMMENT ON COLUMN pad_ws.template_pads.data IS 'The scene.';
    COMMENT ON COLUMN pad_ws.template_pads.created_at IS 'When it was made. Null only in rows of pad.ws.';
    COMMENT ON COLUMN pad_ws.template_pads.updated_at IS 'When it last changed. Null only in rows of pad.ws.';

    COMMENT ON COLUMN pad_ws.access_tokens.id IS 'Names the token in addresses; random, and no secret.';
    COMMENT ON COLUMN pad_ws.access_tokens.user_id IS 'Whose it is. Deleting the user deletes it.';
    COMMENT ON COLUMN pad_ws.access_tokens.name IS 'What its user calls it.';
    COMMENT ON COLUMN pad_ws.access_tokens.created_at IS 'When it was made.';
    COMMENT ON COLUMN pad_ws.access_tokens.last_used_at IS 'When it was last used, to the minute; null: never.';
    COMMENT ON COLUMN pad_ws.access_tokens.expires_at IS 'When it ends; null: when it is revoked.';

    COMMENT ON INDEX pad_ws.pads_owner_id_created_at_idx IS
    'A user''s pads in the order of the list, and what deleting a user looks for.';
    COMMENT ON INDEX pad_ws.backups_source_id_created_at_idx IS
    'A pad''s backups, newest first: listing, pruning, and what deleting a pad looks for.';
    COMMENT ON INDEX pad_ws.access_tokens_user_id_created_at_idx IS
    'A user''s tokens in the order of the list, and what deleting a user looks for.';

    COMMENT ON CONSTRAINT pads_data_is_scene ON pad_ws.pads IS
    'Every new value is a scene. Not validated: rows of pad.ws are left as they are.';
    COMMENT ON CONSTRAINT template_pads_data_is_scene ON pad_ws.template_pads IS
    'Every new value is a scene. Not validated: rows of pad.ws are left as they are.';
    COMMENT ON CONSTRAINT access_tokens_scope_known ON pad_ws.access_tokens IS
    'The scopes there are.';

    COMMENT ON VIEW pad_ws.monitoring_storage_by_user IS
    'What each user takes. Reads every row of pads and backups, but no scene.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.user_id IS 'The user.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.username IS 'The user''s name at the provider.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.pads IS 'How many pads.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.pads_bytes IS 'What their scenes take.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.backups IS 'How many backups of them.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.backups_bytes IS 'What those take.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.bytes IS 'Both together.';
    COMMENT ON COLUMN pad_ws.monitoring_storage_by_user.last_saved_at IS 'When any of the pads last changed.';

    COMMENT ON VIEW pad_ws.monitoring_largest_pads IS
    'The hundred pads whose scenes take most, largest first. Reads every row of pads, but no scene.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.pad_id IS 'The pad.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.owner_id IS 'Whose it is.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.bytes IS 'What its scene takes.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.backups IS 'How many backups it has.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.backups_bytes IS 'What those take.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.version IS 'How often it has changed.';
    COMMENT ON COLUMN pad_ws.monitoring_largest_pads.updated_at IS 'When it last changed.';

    COMMENT ON VIEW pad_ws.monitoring_backup_age IS
    'The newest backup of each pad: one row a pad, one look into an index for each.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.pad_id IS 'The pad.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.owner_id IS 'Whose it is.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.last_saved_at IS 'When scene or name last changed.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.newest_backup_at IS
    'When the newest backup was taken; null: the pad has none.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.newest_backup_age IS
    'How long ago that was. Old is no fault where nobody has drawn since.';
    COMMENT ON COLUMN pad_ws.monitoring_backup_age.not_backed_up_for IS
    'For how long the pad has changed since, or since it was made: up to MIN_INTERVAL_MINUTES, renaming aside.';

    COMMENT ON VIEW pad_ws.monitoring_tables IS
    'Size, dead rows and vacuuming of each table, from PostgreSQL''s statistics; reads no table.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.table_name IS 'The table.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.live_rows IS 'Rows, estimated.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.dead_rows IS 'Rows that a vacuum would free, estimated.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.dead_percent IS 'Their share.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.toast_live_rows IS
    'Pieces (of 2 kB) of values that are kept out of line, estimated.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.toast_dead_rows IS
    'Pieces that a vacuum would free, estimated: the bloat of scenes.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.toast_dead_percent IS 'Their share.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.table_bytes IS 'Size of the table alone.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.toast_bytes IS 'Size of what is kept out of line: the scenes.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.indexes_bytes IS 'Size of the indexes.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.bytes IS 'Size of all of it.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.updates IS 'Rows changed since the statistics began.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.hot_updates IS
    'Those of them that touched no index (heap-only tuples).';
    COMMENT ON COLUMN pad_ws.monitoring_tables.last_vacuum_at IS 'Last vacuum, by hand or by itself.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.toast_last_vacuum_at IS 'The same, of what is kept out of line.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.last_analyze_at IS 'Last analyze, by hand or by itself.';
    COMMENT ON COLUMN pad_ws.monitoring_tables.transactions_since_freeze IS
    'Age of the oldest row that is not frozen; PostgreSQL vacuums by force at autovacuum_freeze_max_age.';

    -- yoyo's tables, which the migration command has made.
    IF to_regclass('pad_ws._yoyo_migration') IS NOT NULL THEN
        COMMENT ON TABLE pad_ws._yoyo_migration IS 'Which migrations are applied (yoyo''s).';
        COMMENT ON COLUMN pad_ws._yoyo_migration.migration_hash IS 'SHA-256 of the id.';
        COMMENT ON COLUMN pad_ws._yoyo_migration.migration_id IS 'Name of the file in migrations/.';
        COMMENT ON COLUMN pad_ws._yoyo_migration.applied_at_utc IS 'When it was applied, in UTC.';
        COMMENT ON COLUMN pad_ws._yoyo_migration.checksum IS
        'SHA-256 of the file when it was applied (padws''s); an edited file is refused.';
        COMMENT ON TABLE pad_ws._yoyo_log IS 'Every migration that was applied or rolled back (yoyo''s).';
        COMMENT ON COLUMN pad_ws._yoyo_log.id IS 'Random.';
        COMMENT ON COLUMN pad_ws._yoyo_log.migration_hash IS 'SHA-256 of the id.';
        COMMENT ON COLUMN pad_ws._yoyo_log.migration_id IS 'Name of the file in migrations/.';
        COMMENT ON COLUMN pad_ws._yoyo_log.operation IS 'apply or rollback.';
        COMMENT ON COLUMN pad_ws._yoyo_log.username IS 'The database role that did it.';
        COMMENT ON COLUMN pad_ws._yoyo_log.hostname IS 'The host it was done from.';
        COMMENT ON COLUMN pad_ws._yoyo_log.comment IS 'Not used.';
        COMMENT ON COLUMN pad_ws._yoyo_log.created_at_utc IS 'When, in UTC.';
        COMMENT ON TABLE pad_ws._yoyo_version IS 'The version of yoyo''s own tables.';
        COMMENT ON COLUMN pad_ws._yoyo_version.version IS 'Its number.';
        COMMENT ON COLUMN pad_ws._yoyo_version.installed_at_utc IS 'Since when, in UTC.';
        COMMENT ON TABLE pad_ws.yoyo_lock IS
        'yoyo''s lock: one row while somebody migrates. What excludes others is an advisory lock, not this row.';
        COMMENT ON COLUMN pad_ws.yoyo_lock.locked IS '1.';
        COMMENT ON COLUMN pad_ws.yoyo_lock.ctime IS 'Since when, in UTC.';
        COMMENT ON COLUMN pad_ws.yoyo_lock.pid IS 'Process id of the migration command on its host.';
    END IF;
END
$$;
