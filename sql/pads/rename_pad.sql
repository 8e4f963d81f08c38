-- Rename a pad of its owner that is at an accepted version; its scene carries the name too.
-- No row if nothing was written. Index: those of pad_ws.rename_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v display_name="'…'" -v accepted_versions="'{(,)}'" \
--      -f sql/pads/rename_pad.sql

SELECT
    id,
    owner AS owner_id,
    name AS display_name,
    data,
    files,
    pictures,
    created_at,
    updated_at,
    version,
    digest,
    content
FROM pad_ws.rename_pad(
    :owner_id, :pad_id, :display_name::text, :accepted_versions::int8multirange
);
