-- Delete a pad of its owner that is at an accepted version; its backups go with it (ON DELETE
-- CASCADE). No row if nothing was deleted. Index: pads_id_owner_id_key, backups_source_id_created_at_idx,
-- pad_pictures_pkey, backup_pictures_pkey, links_owner_id_pad_id_created_at_idx.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v accepted_versions="'{(,)}'" -f sql/pads/delete_pad.sql

DELETE FROM pad_ws.pads
WHERE
    id = :pad_id
    AND owner_id = :owner_id
    AND version <@ :accepted_versions::int8multirange
RETURNING id;
