-- What each user in a range of ids has: numbers of pads, backups and pictures, and a digest over all rows of
-- the user's, scenes and pictures included. Restored rows have the same.
-- Index: users_pkey, pads_owner_id_created_at_idx, backups_source_id_created_at_idx,
-- access_tokens_user_id_created_at_idx, pictures_pkey,
-- pad_pictures_owner_id_digest_idx, backup_pictures_owner_id_digest_idx,
-- links_owner_id_pad_id_created_at_idx, usage_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/digest_users.sql

SELECT
    users.id AS user_id,
    pads.number AS pads,
    pads.backups,
    pictures.number AS pictures,
    encode(sha256(
        sha256(convert_to(users::text, 'UTF8'))
        || pads.digest || tokens.digest || pictures.digest || of_pads.digest || of_backups.digest
        || links.digest || counted.digest
    ), 'hex') AS digest
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
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS number,
            sha256(coalesce(
                string_agg(
                    -- By column: sorting whole rows would bring all their contents into memory or onto disk.
                    sha256(
                        kept.digest || sha256(convert_to(kept.content::text, 'UTF8'))
                        || convert_to(concat_ws(' ', kept.created_at, kept.unneeded_since), 'UTF8')
                    ), ''::bytea
                    ORDER BY kept.digest
                ), ''
            )) AS digest
        FROM pad_ws.pictures AS kept
        WHERE kept.owner_id = users.id
    ) AS pictures
CROSS JOIN
    LATERAL (
        SELECT
            sha256(coalesce(
                string_agg(
                    sha256(convert_to(needed::text, 'UTF8')), ''::bytea
                    ORDER BY needed.digest, needed.pad_id
                ), ''
            )) AS digest
        FROM pad_ws.pad_pictures AS needed
        WHERE needed.owner_id = users.id
    ) AS of_pads
CROSS JOIN
    LATERAL (
        SELECT
            sha256(coalesce(
                string_agg(
                    sha256(convert_to(needed::text, 'UTF8')), ''::bytea
                    ORDER BY needed.digest, needed.backup_id
                ), ''
            )) AS digest
        FROM pad_ws.backup_pictures AS needed
        WHERE needed.owner_id = users.id
    ) AS of_backups
CROSS JOIN
    LATERAL (
        SELECT
            sha256(coalesce(
                string_agg(sha256(convert_to(owned::text, 'UTF8')), ''::bytea ORDER BY owned.id), ''
            )) AS digest
        FROM pad_ws.links AS owned
        WHERE owned.owner_id = users.id
    ) AS links
CROSS JOIN
    LATERAL (
        SELECT sha256(convert_to(coalesce(min(owned::text), ''), 'UTF8')) AS digest
        FROM pad_ws.usage AS owned
        WHERE owned.owner_id = users.id
    ) AS counted
WHERE users.id BETWEEN :first_id AND :last_id
ORDER BY users.id;
