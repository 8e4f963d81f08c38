-- An element as a backup has it, or, where `backup_id` is null, as the pad itself does. No row: nowhere.
-- Index: pads_id_owner_id_key, backups_pkey.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v backup_id=null -v element_id="'…'" -f sql/backups/get_element.sql

SELECT each.element
FROM pad_ws.pads AS pads
LEFT JOIN pad_ws.backups AS backups
    ON
        pads.id = backups.source_id
        AND backups.id = :backup_id
        AND backups.owner_id = :owner_id
CROSS JOIN
    LATERAL pad_ws.elements_by_id(CASE WHEN :backup_id::uuid IS NULL THEN pads.data ELSE backups.data END) AS each
WHERE
    pads.id = :pad_id
    AND pads.owner_id = :owner_id
    AND pads.deleted_at IS NULL
    AND each.id = :element_id;
