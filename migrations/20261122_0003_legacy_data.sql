-- depends: 20261122_0002_create_tables
--
-- Moves what the first pad.ws kept in public.canvas_data and public.canvas_backups. Each canvas
-- becomes a pad `Untitled`, each backup of its user a backup of that pad, at its own time (the old
-- times are UTC without a zone; one without a time takes the time of the move). A user without a
-- row gets placeholders, which the next sign-in replaces.
--
-- Nothing in `public` is changed or deleted. What can not be taken along is counted and named:
-- canvases and backups without data (NULL or JSON null) or with data that is no drawing, and backups
-- of a user whose canvas is not moved. Where pad.ws itself has moved its canvases, nothing is.
--
-- Safe to run again: new ids are derived from the old ones, and rows that are there stay as they are.
-- With `SET padws.dry_run = on` it counts, and moves nothing; that works before the schema exists.
--
-- Locks: ROW EXCLUSIVE on users, pads and backups; the old tables are only read. Time: minutes for
-- 100,000 backups of 25 KB, in chunks, so that memory stays flat and progress shows.

-- The old rows by id, `behind` says why one stays behind. Filled below, where the tables exist.

CREATE TEMP TABLE IF NOT EXISTS legacy_canvases (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE,
    pad_id uuid NOT NULL,
    last_backup_at timestamptz,
    behind text
);

CREATE TEMP TABLE IF NOT EXISTS legacy_backups (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id bigint NOT NULL UNIQUE,
    user_id uuid,
    backup_id uuid NOT NULL,
    taken_at timestamptz NOT NULL,
    behind text
);

TRUNCATE pg_temp.legacy_canvases, pg_temp.legacy_backups RESTART IDENTITY;

-- A UUID of version 8 (RFC 9562) out of an old id: the same one each time.

CREATE OR REPLACE FUNCTION pg_temp.legacy_id(kind text, old_id text) RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
    SELECT overlay(overlay(
        left(encode(sha256(convert_to('pad.ws ' || kind || ' ' || old_id, 'UTF8')), 'hex'), 32)
        PLACING '8' FROM 13) PLACING 'a' FROM 17)::uuid
$$;

-- The same rule as pad_ws.is_scene, which does not exist yet when this is run dry.

CREATE OR REPLACE FUNCTION pg_temp.legacy_behind(data jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN data IS NULL OR jsonb_typeof(data) = 'null' THEN 'without data'
        WHEN jsonb_typeof(data) = 'object'
            AND data <> '{}'
            AND coalesce(jsonb_typeof(data #> '{appState}'), 'object') = 'object'
            AND coalesce(jsonb_typeof(data #> '{appState,pad}'), 'object') = 'object' THEN NULL
        ELSE 'with data that is no drawing'
    END
$$;

-- Whether a table is pad.ws's: one of the same name may belong to somebody else.

CREATE OR REPLACE FUNCTION pg_temp.legacy_has(table_name text, columns text[]) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    IF to_regclass(table_name) IS NULL THEN
        RETURN false;
    END IF;
    IF columns <@ (
        SELECT array_agg(attname || ' ' || format_type(atttypid, NULL))
        FROM pg_attribute
        WHERE attrelid = to_regclass(table_name) AND attnum > 0 AND NOT attisdropped
    ) THEN
        RETURN true;
    END IF;
    RAISE NOTICE 'Legacy data: % is not pad.ws''s (it lacks one of: %); left alone.',
        table_name, array_to_string(columns, ', ');
    RETURN false;
END
$$;

-- Looks at every old row once.

DO $$
DECLARE
    moved_by_pad_ws boolean := false;
BEGIN
    IF to_regclass('pad_ws.alembic_version') IS NOT NULL THEN
        SELECT count(*) > 0 INTO moved_by_pad_ws
        FROM pad_ws.alembic_version WHERE version_num = 'migrate_canvas_data';
    END IF;
    IF moved_by_pad_ws THEN
        RAISE NOTICE 'Legacy data: pad.ws has moved its canvases already.';
        RETURN;
    END IF;
    IF pg_temp.legacy_has('public.canvas_data', '{user_id uuid,data jsonb}') THEN
        RAISE NOTICE 'Legacy data: reading the canvases.';
        INSERT INTO pg_temp.legacy_canvases (user_id, pad_id, behind)
        SELECT user_id, pg_temp.legacy_id('canvas', user_id::text), pg_temp.legacy_behind(data)
        FROM public.canvas_data
        ORDER BY user_id;
    END IF;
    IF pg_temp.legacy_has(
        'public.canvas_backups',
        '{user_id uuid,canvas_data jsonb,timestamp timestamp without time zone}'
    ) THEN
        RAISE NOTICE 'Legacy data: reading the backups.';
        INSERT INTO pg_temp.legacy_backups (id, user_id, backup_id, taken_at, behind)
        SELECT
            b.id,
            b.user_id,
            pg_temp.legacy_id('backup', b.id::text),
            coalesce(b."timestamp" AT TIME ZONE 'UTC', now()),
            coalesce(
                pg_temp.legacy_behind(b.canvas_data),
                CASE WHEN c.user_id IS NULL THEN 'of a user without a canvas that is moved' END
            )
        FROM public.canvas_backups AS b
        LEFT JOIN pg_temp.legacy_canvases AS c ON c.user_id = b.user_id AND c.behind IS NULL
        ORDER BY b.id;
    END IF;
    UPDATE pg_temp.legacy_canvases AS c SET last_backup_at = b.newest
    FROM (
        SELECT user_id, max(taken_at) AS newest
        FROM pg_temp.legacy_backups
        WHERE behind IS NULL
        GROUP BY user_id
    ) AS b
    WHERE b.user_id = c.user_id;
END
$$;

ANALYZE pg_temp.legacy_canvases, pg_temp.legacy_backups;

-- Says what will move and what stays behind.

DO $$
DECLARE
    kind record;
    canvases bigint := (SELECT count(*) FROM pg_temp.legacy_canvases WHERE behind IS NULL);
    backups bigint := (SELECT count(*) FROM pg_temp.legacy_backups WHERE behind IS NULL);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_temp.legacy_canvases)
        AND NOT EXISTS (SELECT FROM pg_temp.legacy_backups) THEN
        RAISE NOTICE 'Legacy data: there is none to move.';
        RETURN;
    END IF;
    RAISE NOTICE 'Legacy data: % canvases and % backups can be moved.', canvases, backups;
    FOR kind IN
        WITH left_behind AS (
            SELECT 'canvases' AS what, behind, user_id::text AS id, n
            FROM pg_temp.legacy_canvases WHERE behind IS NOT NULL
            UNION ALL
            SELECT 'backups', behind, id::text, n
            FROM pg_temp.legacy_backups WHERE behind IS NOT NULL
        ), numbered AS (
            SELECT what, behind, id, n, row_number() OVER (PARTITION BY what, behind ORDER BY n) AS nth
            FROM left_behind
        )
        SELECT
            what,
            behind,
            count(*) AS how_many,
            string_agg(id, ', ' ORDER BY n) FILTER (WHERE nth <= 20) AS ids
        FROM numbered
        GROUP BY what, behind
        ORDER BY what DESC, behind
    LOOP
        RAISE NOTICE 'Legacy data: staying behind, % %: %; ids: %.',
            kind.what, kind.behind, kind.how_many,
            kind.ids || CASE WHEN kind.how_many > 20 THEN ' and more' ELSE '' END;
    END LOOP;
END
$$;

-- Moves the canvases and their users.

DO $$
DECLARE
    total bigint := (SELECT count(*) FROM pg_temp.legacy_canvases WHERE behind IS NULL);
    last bigint := (SELECT coalesce(max(n), 0) FROM pg_temp.legacy_canvases);
    chunk CONSTANT bigint := 1000;
    created bigint := 0;
    moved bigint := 0;
    counted bigint;
BEGIN
    IF total = 0 OR current_setting('padws.dry_run', true) = 'on' THEN
        RETURN;
    END IF;
    FOR start IN 1..last BY chunk LOOP
        INSERT INTO pad_ws.users (id, username, email, email_verified, name, roles, created_at, updated_at)
        SELECT
            user_id,
            'migrated_user_' || user_id,
            'migrated_' || user_id || '@example.com',
            false,
            'Migrated User',
            '[]',
            now(),
            now()
        FROM pg_temp.legacy_canvases
        WHERE n >= start AND n < start + chunk AND behind IS NULL
        ON CONFLICT (id) DO NOTHING;
        GET DIAGNOSTICS counted = ROW_COUNT;
        created := created + counted;

        INSERT INTO pad_ws.pads (
            id, owner_id, display_name, data, version, last_backup_at, created_at, updated_at
        )
        SELECT
            l.pad_id,
            l.user_id,
            'Untitled',
            pad_ws.stamp_scene(c.data, l.pad_id, 'Untitled'),
            1,
            l.last_backup_at,
            now(),
            now()
        FROM pg_temp.legacy_canvases AS l
        JOIN public.canvas_data AS c ON c.user_id = l.user_id
        WHERE l.n >= start AND l.n < start + chunk AND l.behind IS NULL
        ON CONFLICT (id) DO NOTHING;
        GET DIAGNOSTICS counted = ROW_COUNT;
        moved := moved + counted;
        RAISE NOTICE 'Legacy data: % of % canvases looked at.', least(start + chunk - 1, last), last;
    END LOOP;
    RAISE NOTICE 'Legacy data: % canvases moved, % had been before; % users made.',
        moved, total - moved, created;
END
$$;

-- Moves the backups.

DO $$
DECLARE
    total bigint := (SELECT count(*) FROM pg_temp.legacy_backups WHERE behind IS NULL);
    last bigint := (SELECT coalesce(max(n), 0) FROM pg_temp.legacy_backups);
    chunk CONSTANT bigint := 5000;
    moved bigint := 0;
    counted bigint;
BEGIN
    IF total = 0 OR current_setting('padws.dry_run', true) = 'on' THEN
        RETURN;
    END IF;
    FOR start IN 1..last BY chunk LOOP
        INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
        SELECT l.backup_id, c.pad_id, b.canvas_data, l.taken_at, l.taken_at
        FROM pg_temp.legacy_backups AS l
        JOIN pg_temp.legacy_canvases AS c ON c.user_id = l.user_id
        JOIN public.canvas_backups AS b ON b.id = l.id
        WHERE l.n >= start AND l.n < start + chunk AND l.behind IS NULL
        ON CONFLICT (id) DO NOTHING;
        GET DIAGNOSTICS counted = ROW_COUNT;
        moved := moved + counted;
        RAISE NOTICE 'Legacy data: % of % backups looked at.', least(start + chunk - 1, last), last;
    END LOOP;
    RAISE NOTICE 'Legacy data: % backups moved, % had been before.', moved, total - moved;
END
$$;

-- squawk-ignore ban-drop-table
DROP TABLE pg_temp.legacy_canvases, pg_temp.legacy_backups;
