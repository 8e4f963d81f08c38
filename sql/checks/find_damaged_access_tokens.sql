-- Personal access tokens in a range of ids that are not as they must be, and why: the names of the constraints
-- they break, or what no constraint asks. pad.ws has none.
-- Index: access_tokens_pkey, users_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_access_tokens.sql

SELECT
    tokens.id,
    tokens.user_id AS owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.access_tokens AS tokens
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = tokens.user_id) IS NULL
                THEN 'access_tokens_user_id_fkey'
        END,
        CASE WHEN tokens.name !~ '\S' THEN 'access_tokens_name_not_blank' END,
        CASE WHEN tokens.scope NOT IN ('read', 'write') THEN 'access_tokens_scope_known' END,
        CASE WHEN octet_length(tokens.token_digest) <> 32 THEN 'access_tokens_digest_is_sha256' END,
        CASE
            WHEN tokens.expires_at <= tokens.created_at THEN 'access_tokens_expires_after_creation'
        END,
        CASE
            WHEN tokens.last_used_at < tokens.created_at - INTERVAL '1 minute'
                THEN 'access_tokens_times_in_order'
        END,
        CASE
            WHEN greatest(tokens.created_at, tokens.last_used_at) > now() + INTERVAL '1 day'
                THEN 'created_at or last_used_at is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    tokens.id BETWEEN :first_id AND :last_id
    AND found.faults <> '{}'
ORDER BY tokens.id;
