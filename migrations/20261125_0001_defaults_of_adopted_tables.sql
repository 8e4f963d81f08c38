-- depends: 20261123_0002_prune_future_backups_first
--
-- Tables that pad.ws made get the defaults that new ones have, so that rows can be added by hand and
-- by scripts. Later versions of pad.ws have columns that may not be null and that padws does not
-- fill: these get what pad.ws itself writes to a new row. Unique indexes get the names that padws knows.
--
-- pad.ws goes on working: it gives each of these values itself.
--
-- Locks: ACCESS EXCLUSIVE on each table for a moment; no table is rewritten, no row is read.

ALTER TABLE pad_ws.users
ALTER COLUMN id SET DEFAULT gen_random_uuid(),
ALTER COLUMN email_verified SET DEFAULT FALSE,
ALTER COLUMN roles SET DEFAULT '[]',
ALTER COLUMN created_at SET DEFAULT now(),
ALTER COLUMN updated_at SET DEFAULT now();

ALTER TABLE pad_ws.pads
ALTER COLUMN id SET DEFAULT gen_random_uuid(),
ALTER COLUMN created_at SET DEFAULT now(),
ALTER COLUMN updated_at SET DEFAULT now();

ALTER TABLE pad_ws.backups
ALTER COLUMN id SET DEFAULT gen_random_uuid(),
ALTER COLUMN created_at SET DEFAULT now(),
ALTER COLUMN updated_at SET DEFAULT now();

ALTER TABLE pad_ws.template_pads
ALTER COLUMN id SET DEFAULT gen_random_uuid(),
ALTER COLUMN created_at SET DEFAULT now(),
ALTER COLUMN updated_at SET DEFAULT now();

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'pad_ws.users'::regclass AND attname = 'open_pads'
        AND atttypid = 'uuid[]'::regtype AND NOT attisdropped AND NOT atthasdef
    ) THEN
        ALTER TABLE pad_ws.users ALTER COLUMN open_pads SET DEFAULT '{}';
    END IF;
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'pad_ws.pads'::regclass AND attname = 'sharing_policy'
        AND atttypid = 'varchar'::regtype AND NOT attisdropped AND NOT atthasdef
    ) THEN
        ALTER TABLE pad_ws.pads ALTER COLUMN sharing_policy SET DEFAULT 'private';
    END IF;
END
$$;

-- A name or address that is taken is recognised by the name of the index that refuses it. Where the
-- tables' makers have called it otherwise than PostgreSQL and pad.ws do, it gets PostgreSQL's name.

DO $$
DECLARE
    misnamed record;
BEGIN
    FOR misnamed IN
        SELECT
            expected.name,
            (
                SELECT i.indexrelid::regclass FROM pg_index AS i
                JOIN pg_class AS c ON c.oid = i.indexrelid
                WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indnkeyatts = 1
                AND i.indisunique AND i.indpred IS NULL
                AND c.relname NOT IN (
                    'ix_' || expected.table_name || '_' || expected.column_name,
                    'ix_pad_ws_' || expected.table_name || '_' || expected.column_name
                )
                ORDER BY i.indexrelid LIMIT 1
            ) AS index
        FROM (
            VALUES
            ('users', 'id', 'users_pkey'),
            ('users', 'username', 'users_username_key'),
            ('users', 'email', 'users_email_key'),
            ('template_pads', 'name', 'template_pads_name_key')
        ) AS expected (table_name, column_name, name)
        JOIN pg_attribute AS a
            ON a.attrelid = ('pad_ws.' || expected.table_name)::regclass
            AND a.attname = expected.column_name
        WHERE to_regclass('pad_ws.' || expected.name) IS NULL
    LOOP
        IF misnamed.index IS NOT NULL THEN
            EXECUTE format('ALTER INDEX %s RENAME TO %I', misnamed.index, misnamed.name);
        END IF;
    END LOOP;
END
$$;
