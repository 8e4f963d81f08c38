-- Delete a pad in its owner's trash for good. No row: it is not there. Index: those of pad_ws.purge_pad.
-- psql -v owner_id="'…'" -v pad_id="'…'" -v trash_for="'30 days'" -v most=100 -f sql/trash/purge_pad.sql

SELECT
    id,
    purged
FROM pad_ws.purge_pad(:owner_id, :pad_id, :trash_for::interval, :most::integer);
