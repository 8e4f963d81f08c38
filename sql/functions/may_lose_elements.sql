-- Whether a drawing must be opened to see how much of it a save would take away, by what is known of
-- both without that: how many elements are not deleted, and of their ids the 64 smallest hashes, in order.
-- Never false where loses_elements would be true, but for a chance of less than one in a billion. Index: none is read.

CREATE OR REPLACE FUNCTION pad_ws.may_lose_elements(
    stored integer, stored_hashes integer[], sent integer, sent_hashes integer[]
)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    judged bigint;
    gone bigint;
BEGIN
    IF stored = 0 OR stored_hashes = sent_hashes THEN
        RETURN FALSE;
    END IF;

    -- Where not all hashes were sent, nothing is known of those above the last.
    SELECT count(*), count(*) FILTER (WHERE old.hash <> ALL(sent_hashes)) INTO judged, gone
    FROM unnest(stored_hashes) AS old (hash)
    WHERE cardinality(sent_hashes) < 64 OR old.hash <= sent_hashes[64];
    RETURN judged < least(cardinality(stored_hashes), 32) OR 8 * gone >= judged;
END
$$;

COMMENT ON FUNCTION pad_ws.may_lose_elements IS
'Whether a drawing must be opened to see how much of it a save would take away.';
