-- Pictures in a range of owners and digests that are not as they must be, and why: the names of the constraints
-- they break, or what no constraint asks. Reads every picture, one at a time. pad.ws has none.
-- Index: pictures_pkey, users_pkey.
-- psql -v first_owner_id="'00000000-0000-0000-0000-000000000000'" -v first_digest="'\\x'" \
--      -v last_owner_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" -v last_digest="'\\xff'" \
--      -f sql/checks/find_damaged_pictures.sql

SELECT
    encode(kept.digest, 'hex') AS id,
    kept.owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.pictures AS kept
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = kept.owner_id) IS NULL
                THEN 'pictures_owner_id_fkey'
        END,
        CASE WHEN octet_length(kept.digest) <> 32 THEN 'pictures_digest_is_sha256' END,
        CASE
            WHEN json_typeof(kept.content) <> 'string' THEN 'pictures_content_is_text'
            WHEN sha256(convert_to(kept.content #>> '{}', 'UTF8')) <> kept.digest
                THEN 'content has another digest'
        END,
        CASE
            WHEN greatest(kept.created_at, kept.unneeded_since) > now() + INTERVAL '1 day'
                THEN 'created_at or unneeded_since is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    (kept.owner_id, kept.digest) >= (:first_owner_id, :first_digest)
    AND (kept.owner_id, kept.digest) <= (:last_owner_id, :last_digest)
    AND found.faults <> '{}'
ORDER BY kept.owner_id, kept.digest;
