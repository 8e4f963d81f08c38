-- What a user has, and may have at most (null: no limit). Reads every row of the user's pads, backups
-- and pictures, but none of what is in them.
-- Index: pads_owner_id_created_at_live_idx, those of pad_ws.count_bytes.
-- psql -v owner_id="'…'" -f sql/quotas/get_usage.sql

SELECT
    (SELECT count(*) FROM pad_ws.pads WHERE owner_id = :owner_id AND deleted_at IS NULL) AS pads,
    (SELECT nullif(value, 0) FROM pad_ws.limits WHERE name = 'pads') AS pads_limit,
    pad_ws.count_bytes(:owner_id) AS bytes,
    (SELECT nullif(value, 0) FROM pad_ws.limits WHERE name = 'bytes') AS bytes_limit;
