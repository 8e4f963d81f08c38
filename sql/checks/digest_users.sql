-- What each user in a range of ids has: numbers of pads and backups, and a digest over all rows of the user's,
-- scenes included. Restored rows have the same.
-- Index: users_pkey, pads_owner_id_created_at_idx, backups_source_id_created_at_idx,
-- access_tokens_user_id_created_at_idx.
-- psql -v first="'00000000-0000-0000-0000-000000000000'" -v last="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/digest_users.sql

SELECT
    users.id AS user_id,
    pads.number AS pads,
    pads.backups,
    encode(sha256(sha256(convert_to(users::text, 'UTF8')) || pads.digest || tokens.digest), 'hex') AS digest
FROM pad_ws.users AS users
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS number,
            coalesce(sum(backups.number), 0)::bigint AS backups,
            sha256(coalesce(
                string_agg(
                    sha256(convert_to(owned::text, 'UTF8')) || backups.digest, ''::bytea
                    ORDER BY owned.id
                ), ''
            )) AS digest
        FROM pad_ws.pads AS owned
        CROSS JOIN
            LATERAL (
                SELECT
                    count(*) AS number,
                    sha256(coalesce(
                        string_agg(sha256(convert_to(taken::text, 'UTF8')), ''::bytea ORDER BY taken.id), ''
                    )) AS digest
                FROM pad_ws.backups AS taken
                WHERE taken.source_id = owned.id
            ) AS backups
        WHERE owned.owner_id = users.id
    ) AS pads
CROSS JOIN
    LATERAL (
        SELECT
            sha256(coalesce(
                string_agg(sha256(convert_to(owned::text, 'UTF8')), ''::bytea ORDER BY owned.id), ''
            )) AS digest
        FROM pad_ws.access_tokens AS owned
        WHERE owned.user_id = users.id
    ) AS tokens
WHERE users.id BETWEEN :first AND :last
ORDER BY users.id;
