-- A user's pads, oldest first, without their scenes, and without the trash: what a takeout goes through, and
-- what `padws pads list` shows. Index: pads_owner_id_created_at_live_idx.
-- psql -v owner_id="'…'" -f sql/takeouts/list_owned_pads.sql

SELECT
    id,
    display_name,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at,
    version
FROM pad_ws.pads
WHERE
    owner_id = :owner_id
    AND deleted_at IS NULL
ORDER BY pads.created_at NULLS FIRST, pads.id;
