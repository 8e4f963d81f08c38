-- Counts of what users take, in a range of owners, that are not as they must be, and why. They are upper bounds, and
-- counted anew where that matters: none is compared with what there is. pad.ws has none.
-- Index: usage_pkey, users_pkey.
-- psql -v first_owner_id="'00000000-0000-0000-0000-000000000000'" \
--      -v last_owner_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" -f sql/checks/find_damaged_usage.sql

SELECT
    counted.owner_id AS id,
    counted.owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.usage AS counted
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = counted.owner_id) IS NULL
                THEN 'usage_owner_id_fkey'
        END,
        CASE WHEN counted.bytes < 0 THEN 'bytes is below 0' END,
        -- Until a day later it would not be counted anew.
        CASE
            WHEN isfinite(counted.counted_at) AND counted.counted_at > now() + INTERVAL '1 day'
                THEN 'counted_at is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    counted.owner_id BETWEEN :first_owner_id AND :last_owner_id
    AND found.faults <> '{}'
ORDER BY counted.owner_id;
