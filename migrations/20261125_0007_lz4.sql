-- depends: 20261125_0006_validate_rules
--
-- Scenes are compressed with LZ4 where the server has it: a save costs PostgreSQL much less than with
-- its own pglz, and the stored size is about the same. Holds for what is written from now on; a drawing
-- that is there is compressed anew when it is next saved.
--
-- Locks: ACCESS EXCLUSIVE on each table for a moment; nothing is rewritten.

DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)
    ) THEN
        ALTER TABLE pad_ws.pads ALTER COLUMN data SET COMPRESSION lz4;
        ALTER TABLE pad_ws.backups ALTER COLUMN data SET COMPRESSION lz4;
        ALTER TABLE pad_ws.template_pads ALTER COLUMN data SET COMPRESSION lz4;
    END IF;
END
$$;
