-- Remove for good a lot of what has been in a user's trash for long enough; says how much.
-- Index: those of pad_ws.purge_trash.
-- psql -v owner_id="'…'" -v trash_for="'30 days'" -v most=100 -f sql/trash/purge_trash.sql

SELECT
    pads,
    backups
FROM pad_ws.purge_trash(:owner_id, :trash_for::interval, :most::integer);
