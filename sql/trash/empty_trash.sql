-- Delete all that is in a user's trash for good; says how many pads have been removed so far.
-- Index: those of pad_ws.empty_trash.
-- psql -v owner_id="'…'" -v trash_for="'30 days'" -v most=100 -f sql/trash/empty_trash.sql

SELECT purged
FROM pad_ws.empty_trash(:owner_id, :trash_for::interval, :most::integer);
