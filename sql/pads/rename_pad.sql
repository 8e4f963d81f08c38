-- Rename a pad of its owner that is at an accepted version; its scene carries the name too.
-- No row if nothing was written. A save that this had to wait for has a later time: that one stays.
-- Index: pads_id_owner_id_key.
-- psql -v pad_id="'…'" -v owner_id="'…'" -v display_name="'…'" -v accepted_versions="'{(,)}'" \
--      -f sql/pads/rename_pad.sql

UPDATE pad_ws.pads
SET
    display_name = :display_name::text,
    data = pad_ws.stamp_scene(data, id, :display_name::text),
    version = version + 1,
    updated_at = greatest(now(), updated_at, created_at)
WHERE
    id = :pad_id
    AND owner_id = :owner_id
    AND version <@ :accepted_versions::int8multirange
RETURNING
    id,
    owner_id,
    display_name,
    data AS data,
    coalesce(created_at, updated_at, 'epoch') AS created_at,
    coalesce(updated_at, created_at, 'epoch') AS updated_at,
    version;
