-- Whether most of a drawing would be gone: at most half of its elements that are not deleted are still
-- there, and ten or more are not, or all are gone. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.loses_elements(stored jsonb, scene jsonb)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    there bigint;
    gone bigint;
BEGIN
    SELECT
        count(*),
        count(*) FILTER (WHERE old.key NOT IN (SELECT new.key FROM pad_ws.element_keys(scene) AS new))
    INTO there, gone
    FROM (SELECT DISTINCT each.key FROM pad_ws.element_keys(stored) AS each) AS old;
    RETURN (2 * gone >= there AND gone >= 10) OR (gone = there AND there > 0);
END
$$;

COMMENT ON FUNCTION pad_ws.loses_elements IS 'Whether most of a drawing would be gone.';
