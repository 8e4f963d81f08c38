-- depends: 20261122_0001_create_schema
--
-- The four tables, on an empty database or on one that pad.ws itself has made. There the tables
-- exist with all their rows: they are adopted as they are, and only what is missing is added.
-- pad.ws's previous version goes on working on the result.
--
-- Locks: on an adopted database ACCESS EXCLUSIVE for a moment for each ALTER TABLE (no table is
-- rewritten, no row is read), and SHARE while the two indexes are built.

CREATE TABLE IF NOT EXISTS pad_ws.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    username varchar(254) NOT NULL UNIQUE,
    email varchar(254) NOT NULL UNIQUE,
    email_verified boolean NOT NULL DEFAULT FALSE,
    name varchar(254),
    given_name varchar(254),
    family_name varchar(254),
    roles jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS pad_ws.pads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    display_name varchar(100) NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS pad_ws.backups (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    source_id uuid NOT NULL REFERENCES pad_ws.pads (id) ON DELETE CASCADE,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS pad_ws.template_pads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    display_name varchar(100) NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Columns that pad.ws does not have. Each is nullable or has a constant default, so that adding it
-- rewrites no table and pad.ws's own inserts go on working.

ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN pad_ws.pads.version IS
'Goes up by one with each change of scene or name; the ETag. 0: written by pad.ws, never yet by padws.';

ALTER TABLE pad_ws.pads ADD COLUMN IF NOT EXISTS last_backup_at timestamptz;
COMMENT ON COLUMN pad_ws.pads.last_backup_at IS
'When the newest backup was taken. A save decides on it, under the row''s own lock, whether one is due.';

ALTER TABLE pad_ws.template_pads ADD COLUMN IF NOT EXISTS file_digest text;
COMMENT ON COLUMN pad_ws.template_pads.file_digest IS
'SHA-256 of the file that this row was loaded from; null once an administrator has made or edited it.';

CREATE INDEX IF NOT EXISTS pads_owner_id_created_at_idx
ON pad_ws.pads (owner_id, created_at NULLS FIRST, id);

CREATE INDEX IF NOT EXISTS backups_source_id_created_at_idx
ON pad_ws.backups (source_id, created_at DESC NULLS LAST, id DESC);

-- What a scene is.

CREATE OR REPLACE FUNCTION pad_ws.is_scene(data jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT jsonb_typeof(data) = 'object'
       AND data <> '{}'
       AND coalesce(jsonb_typeof(data #> '{appState}'), 'object') = 'object'
       AND coalesce(jsonb_typeof(data #> '{appState,pad}'), 'object') = 'object'
$$;
COMMENT ON FUNCTION pad_ws.is_scene IS
'Whether data is an object that is not empty, and so are its appState and appState.pad where it has them.';

CREATE OR REPLACE FUNCTION pad_ws.stamp_scene(scene jsonb, pad_id uuid, display_name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN NOT pad_ws.is_scene(scene)
        OR scene #> '{appState,pad}' @> jsonb_build_object('uniqueId', pad_id, 'displayName', display_name)
        THEN scene
        ELSE jsonb_set(
            CASE WHEN scene ? 'appState' THEN scene ELSE scene || '{"appState": {}}' END,
            '{appState,pad}',
            coalesce(scene #> '{appState,pad}', '{}')
            || jsonb_build_object('uniqueId', pad_id, 'displayName', display_name)
        )
    END
$$;
COMMENT ON FUNCTION pad_ws.stamp_scene IS
'The scene with its pad''s id and name in appState.pad; what is no scene comes back unchanged.';

-- NOT VALID: rows that pad.ws wrote are left alone, every new value is checked.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.pads'::regclass AND conname = 'pads_data_is_scene'
    ) THEN
        ALTER TABLE pad_ws.pads
        ADD CONSTRAINT pads_data_is_scene CHECK (pad_ws.is_scene(data)) NOT VALID;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'pad_ws.template_pads'::regclass AND conname = 'template_pads_data_is_scene'
    ) THEN
        ALTER TABLE pad_ws.template_pads
        ADD CONSTRAINT template_pads_data_is_scene CHECK (pad_ws.is_scene(data)) NOT VALID;
    END IF;
END
$$;

-- Volatile, so that its DELETE takes a snapshot of its own: a statement that waited for a pad's row
-- sees only here which backups the one before it has made.

CREATE OR REPLACE FUNCTION pad_ws.prune_backups(pad_id uuid, keep integer) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    WITH pruned AS (
        DELETE FROM pad_ws.backups
        WHERE id IN (
            SELECT id FROM pad_ws.backups
            WHERE source_id = pad_id
            ORDER BY created_at DESC NULLS LAST, id DESC
            OFFSET keep
        )
        RETURNING id
    )
    SELECT count(*) FROM pruned
$$;
COMMENT ON FUNCTION pad_ws.prune_backups IS
'Deletes all but the newest backups of a pad; to be called by whoever holds the lock on the pad''s row.';
