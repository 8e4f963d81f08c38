-- What an element was in a pad of this owner and in its backups, newest first, each time that it changed: the
-- newest of those that are equal side by side. The pad itself is the row without a backup. The element is left out
-- (null) when the caller does not want it. No row: nowhere.
-- Index: pads_id_owner_id_key, backups_source_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v element_id="'…'" -v with_data=true \
--      -f sql/backups/list_element_history.sql

WITH shown AS (
    SELECT
        NULL::uuid AS backup_id,
        coalesce(updated_at, created_at, 'epoch') AS timestamp,
        version,
        TRUE AS is_pad,
        created_at,
        data
    FROM pad_ws.pads
    WHERE
        id = :pad_id
        AND owner_id = :owner_id
        AND deleted_at IS NULL
    UNION ALL
    SELECT
        id AS backup_id,
        coalesce(created_at, updated_at, 'epoch') AS timestamp,
        version,
        FALSE AS is_pad,
        created_at,
        data
    FROM pad_ws.backups
    WHERE
        source_id = :pad_id
        AND owner_id = :owner_id
        AND EXISTS (
            SELECT FROM pad_ws.pads
            WHERE
                id = :pad_id
                AND owner_id = :owner_id
                AND deleted_at IS NULL
        )
),

found AS (
    SELECT
        shown.backup_id,
        shown.timestamp,
        shown.version,
        each.element,
        row_number() OVER newest_first AS place,
        lag(each.element) OVER newest_first AS newer
    FROM shown
    CROSS JOIN LATERAL pad_ws.elements_by_id(shown.data) AS each
    WHERE each.id = :element_id
    WINDOW
        newest_first AS (
            ORDER BY shown.is_pad DESC, shown.created_at DESC NULLS LAST, shown.backup_id DESC
        )
)

SELECT
    found.backup_id,
    found.timestamp,
    found.version,
    CASE WHEN :with_data THEN found.element END AS element
FROM found
WHERE found.newer IS DISTINCT FROM found.element
ORDER BY found.place;
