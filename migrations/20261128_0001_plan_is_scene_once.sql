-- depends: 20261127_0031_quotas
--
-- is_scene does what it did, in PL/pgSQL, whose plans are kept, and in one expression, which decompresses a
-- stored scene once. In SQL it decompressed it four times with each UPDATE that leaves the scene as it is, as
-- when a pad is renamed, or saved as it was: a third of the time of such a statement.
--
-- Locks: none on tables.

CREATE OR REPLACE FUNCTION pad_ws.is_scene(data jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN data @@ '
        $.type() == "object" && exists ($.*)
        && (!exists ($.appState) || $.appState.type() == "object")
        && (!exists ($.appState.pad) || $.appState.pad.type() == "object")
    ';
END
$$;
