-- Share links in a range of keys that are not as they must be, and why: the names of the constraints they break,
-- or what no constraint asks. pad.ws has none. Index: links_owner_id_token_digest_key, users_pkey,
-- pads_id_owner_id_key.
-- psql -v first_owner_id="'00000000-0000-0000-0000-000000000000'" \
--      -v first_id="'00000000-0000-0000-0000-000000000000'" \
--      -v last_owner_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" -f sql/checks/find_damaged_links.sql

SELECT
    links.id,
    links.owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.links AS links
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = links.owner_id) IS NULL
                THEN 'links_owner_id_fkey'
        END,
        CASE
            WHEN (
                SELECT pads.id FROM pad_ws.pads AS pads
                WHERE
                    pads.id = links.pad_id
                    AND pads.owner_id = links.owner_id
            ) IS NULL THEN 'links_pad_id_owner_id_fkey'
        END,
        CASE WHEN octet_length(links.token_digest) <> 32 THEN 'links_digest_is_sha256' END,
        CASE WHEN links.password_hash NOT LIKE 'scrypt:%' THEN 'links_password_is_hashed' END,
        CASE WHEN links.expires_at <= links.created_at THEN 'links_expires_after_creation' END,
        CASE WHEN links.created_at > now() + INTERVAL '1 day' THEN 'created_at is in the future' END
    ], NULL) AS found (faults)
WHERE
    (links.owner_id, links.id) >= (:first_owner_id, :first_id)
    AND (links.owner_id, links.id) <= (:last_owner_id, :last_id)
    AND found.faults <> '{}'
ORDER BY links.owner_id, links.id;
