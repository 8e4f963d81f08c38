-- The newest backups of a pad within a time, newest first, beside the pad's name; `before` and `before_id` are those
-- of the last backup of the page before, and -infinity where that has no time. A pad without
-- backups gives one row without a backup; where there are more, one more than the limit follows, without
-- its scene; no row: no such pad of this owner. Where pictures are kept
-- apart, the scenes' files come beside them, and after the backups each picture once, unless the caller
-- does not want them.
-- Index: pads_id_owner_id_key, backups_source_id_created_at_idx, backup_pictures_pkey, pictures_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v with_data=true -v with_pictures=true -v from_time="'-infinity'" \
--      -v to_time="'infinity'" -v before="'infinity'" -v before_id="'…'" -v limit=10 -f sql/backups/list_backups.sql

WITH listed AS (
    SELECT
        pads.display_name AS pad_name,
        backup.id,
        backup.reason,
        backup.label,
        backup.version,
        backup.elements,
        backup.bytes,
        backup.data,
        backup.pictures,
        backup.taken_at,
        backup.created_at,
        backup.place
    FROM pad_ws.pads AS pads
    LEFT JOIN LATERAL (
        SELECT
            backups.id,
            backups.reason,
            backups.label,
            backups.version,
            backups.elements,
            pg_column_size(backups.data) AS bytes,
            backups.data,
            backups.pictures,
            coalesce(backups.created_at, backups.updated_at, 'epoch') AS taken_at,
            backups.created_at,
            row_number() OVER (ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC) AS place
        FROM pad_ws.backups AS backups
        WHERE
            backups.source_id = pads.id
            AND backups.owner_id = :owner_id
            AND coalesce(backups.created_at, backups.updated_at, 'epoch') >= :from_time::timestamptz
            AND coalesce(backups.created_at, backups.updated_at, 'epoch') < :to_time::timestamptz
            AND (coalesce(backups.created_at, '-infinity'), backups.id) < (:before::timestamptz, :before_id::uuid)
        ORDER BY backups.created_at DESC NULLS LAST, backups.id DESC
        LIMIT :limit::integer + 1
    ) AS backup ON TRUE
    WHERE
        pads.id = :pad_id
        AND pads.owner_id = :owner_id
        AND pads.deleted_at IS NULL
)

SELECT
    listed.pad_name,
    listed.id,
    listed.taken_at AS timestamp,
    listed.reason,
    listed.label,
    listed.version,
    listed.elements,
    listed.bytes,
    CASE
        WHEN NOT :with_data OR listed.place > :limit::integer THEN NULL
        WHEN listed.pictures IS NULL THEN listed.data
        ELSE listed.data - 'files'
    END AS data,
    CASE
        WHEN :with_data AND listed.place <= :limit::integer AND listed.pictures IS NOT NULL THEN listed.data -> 'files'
    END AS files,
    CASE WHEN :with_data THEN listed.pictures END AS pictures,
    listed.created_at,
    NULL AS digest,
    NULL::json AS content
FROM listed
UNION ALL
SELECT
    NULL AS pad_name,
    NULL AS id,
    NULL AS timestamp,
    NULL AS reason,
    NULL AS label,
    NULL AS version,
    NULL AS elements,
    NULL AS bytes,
    NULL AS data,
    NULL AS files,
    NULL AS pictures,
    NULL AS created_at,
    encode(kept.digest, 'hex') AS digest,
    kept.content
FROM (
    SELECT DISTINCT needed.digest
    FROM listed
    INNER JOIN pad_ws.backup_pictures AS needed
        ON listed.id = needed.backup_id AND needed.owner_id = :owner_id
    WHERE :with_data AND :with_pictures AND listed.place <= :limit::integer
) AS needed
INNER JOIN pad_ws.pictures AS kept ON needed.digest = kept.digest AND kept.owner_id = :owner_id;
