-- Whether files nest deeper than the parser reads that puts pictures back into them (padws/pictures.py has a slow
-- way for such). Excalidraw's have three levels. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.nest_deeply(files jsonb)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN files @? 'strict $.**{500}';
END
$$;

COMMENT ON FUNCTION pad_ws.nest_deeply IS
'Whether files nest too deeply to keep their pictures apart.';
