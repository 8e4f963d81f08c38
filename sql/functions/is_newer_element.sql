-- Whether an element of a drawing goes over another of the same id: Excalidraw's own rule. The higher
-- version does, of equal ones the lower nonce. A version that is missing or no number counts as 1, a
-- nonce as 0. Numbers are compared as numeric, so of any length and with fractions. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.is_newer_element(element jsonb, other jsonb)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (
        CASE jsonb_typeof(element -> 'version') WHEN 'number' THEN element -> 'version' ELSE '1' END,
        CASE jsonb_typeof(other -> 'versionNonce') WHEN 'number' THEN other -> 'versionNonce' ELSE '0' END
    ) > (
        CASE jsonb_typeof(other -> 'version') WHEN 'number' THEN other -> 'version' ELSE '1' END,
        CASE jsonb_typeof(element -> 'versionNonce') WHEN 'number' THEN element -> 'versionNonce' ELSE '0' END
    )
$$;

COMMENT ON FUNCTION pad_ws.is_newer_element IS
'Whether an element of a drawing goes over another of the same id.';
