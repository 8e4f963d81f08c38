-- Takes back the rules that padws added. Tables and columns stay: they hold people's drawings.
--
-- squawk-ignore-file ban-drop-constraint, ban-drop-function, require-concurrent-index-deletion
-- (the release that uses them is being taken back)

ALTER TABLE IF EXISTS pad_ws.pads DROP CONSTRAINT IF EXISTS pads_data_is_scene;
ALTER TABLE IF EXISTS pad_ws.template_pads DROP CONSTRAINT IF EXISTS template_pads_data_is_scene;
DROP FUNCTION IF EXISTS pad_ws.prune_backups(uuid, integer);
DROP FUNCTION IF EXISTS pad_ws.stamp_scene(jsonb, uuid, text);
DROP FUNCTION IF EXISTS pad_ws.is_scene(jsonb);
DROP INDEX IF EXISTS pad_ws.backups_source_id_created_at_idx;
DROP INDEX IF EXISTS pad_ws.pads_owner_id_created_at_idx;
