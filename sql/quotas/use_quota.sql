-- Add bytes to what a user takes, and a pad that is new; an error if that is more than the user may have.
-- Index: those of pad_ws.use_quota; pads_owner_id_created_at_live_idx.
-- psql -v owner_id="'…'" -v added=1000 -v has_new_pad=false -f sql/quotas/use_quota.sql

SELECT TRUE AS done
FROM pad_ws.use_quota(:owner_id, :added::bigint, :has_new_pad::boolean);
