-- References of pads to pictures, in a range of owners, digests and pads, that refer to nothing: the
-- names of the constraints they break. One that its pad does not need is no damage. pad.ws has none.
-- Index: pad_pictures_pkey, users_pkey, pads_id_owner_id_key, pictures_pkey.
-- psql -v first_owner_id="'00000000-0000-0000-0000-000000000000'" \
--      -v first_pad_id="'00000000-0000-0000-0000-000000000000'" -v first_digest="'\\x'" \
--      -v last_owner_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -v last_pad_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" -v last_digest="'\\xff'" \
--      -f sql/checks/find_damaged_pad_pictures.sql

SELECT
    needed.pad_id || ' ' || encode(needed.digest, 'hex') AS id,
    needed.owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.pad_pictures AS needed
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = needed.owner_id) IS NULL
                THEN 'pad_pictures_owner_id_fkey'
        END,
        CASE
            WHEN (
                SELECT pads.id FROM pad_ws.pads AS pads
                WHERE
                    pads.id = needed.pad_id
                    AND pads.owner_id = needed.owner_id
            ) IS NULL THEN 'pad_pictures_pad_id_owner_id_fkey'
        END,
        CASE
            WHEN (
                SELECT kept.digest FROM pad_ws.pictures AS kept
                WHERE
                    kept.owner_id = needed.owner_id
                    AND kept.digest = needed.digest
            ) IS NULL THEN 'pad_pictures_owner_id_digest_fkey'
        END
    ], NULL) AS found (faults)
WHERE
    (needed.owner_id, needed.digest, needed.pad_id) >= (:first_owner_id, :first_digest, :first_pad_id)
    AND (needed.owner_id, needed.digest, needed.pad_id) <= (:last_owner_id, :last_digest, :last_pad_id)
    AND found.faults <> '{}'
ORDER BY needed.owner_id, needed.digest, needed.pad_id;
