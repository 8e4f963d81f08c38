-- depends: 20261127_0031_quotas
--
-- is_scene does what it did, in PL/pgSQL, whose plans are kept, and in one expression, which decompresses a
-- stored scene once. In SQL it was planned anew by each UPDATE of a row that has it in a constraint, a
-- twentieth of a save's work, and decompressed four times where the scene stays, as when a pad is renamed.
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
