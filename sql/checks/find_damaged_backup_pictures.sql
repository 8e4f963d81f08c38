-- References of backups to pictures, in a range of owners, digests and backups, that refer to nothing: the
-- names of the constraints they break. One that its backup does not need is no damage. pad.ws has none.
-- Index: backup_pictures_pkey, users_pkey, backups_id_owner_id_key, pictures_pkey.
-- psql -v first_owner_id="'00000000-0000-0000-0000-000000000000'" \
--      -v first_backup_id="'00000000-0000-0000-0000-000000000000'" -v first_digest="'\\x'" \
--      -v last_owner_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -v last_backup_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" -v last_digest="'\\xff'" \
--      -f sql/checks/find_damaged_backup_pictures.sql

SELECT
    needed.backup_id || ' ' || encode(needed.digest, 'hex') AS id,
    needed.owner_id,
    FALSE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.backup_pictures AS needed
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE
            WHEN (SELECT users.id FROM pad_ws.users AS users WHERE users.id = needed.owner_id) IS NULL
                THEN 'backup_pictures_owner_id_fkey'
        END,
        CASE
            WHEN (
                SELECT backups.id FROM pad_ws.backups AS backups
                WHERE
                    backups.id = needed.backup_id
                    AND backups.owner_id = needed.owner_id
            ) IS NULL THEN 'backup_pictures_backup_id_owner_id_fkey'
        END,
        CASE
            WHEN (
                SELECT kept.digest FROM pad_ws.pictures AS kept
                WHERE
                    kept.owner_id = needed.owner_id
                    AND kept.digest = needed.digest
            ) IS NULL THEN 'backup_pictures_owner_id_digest_fkey'
        END
    ], NULL) AS found (faults)
WHERE
    (needed.owner_id, needed.digest, needed.backup_id) >= (:first_owner_id, :first_digest, :first_backup_id)
    AND (needed.owner_id, needed.digest, needed.backup_id) <= (:last_owner_id, :last_digest, :last_backup_id)
    AND found.faults <> '{}'
ORDER BY needed.owner_id, needed.digest, needed.backup_id;
