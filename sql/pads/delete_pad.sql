-- Put a pad of its owner that is at an accepted version into the trash, or remove it if there is none;
-- and remove some of what is due there. No row if nothing was deleted. Index: those of pad_ws.delete_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v accepted_versions="'{(,)}'" -v trash_for="'30 days'" -v most=100 \
--      -f sql/pads/delete_pad.sql

SELECT
    id,
    purged
FROM pad_ws.delete_pad(
    :owner_id, :pad_id, :accepted_versions::int8multirange, :trash_for::interval, :most::integer
);
