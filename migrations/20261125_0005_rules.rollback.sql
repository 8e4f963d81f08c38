-- Takes the rules back. They hold no data, and no release needs them.
--
-- squawk-ignore-file ban-drop-constraint, require-concurrent-index-deletion
-- (see above)

DROP INDEX IF EXISTS pad_ws.users_email_lower_key;

ALTER TABLE IF EXISTS pad_ws.users
DROP CONSTRAINT IF EXISTS users_username_not_blank,
DROP CONSTRAINT IF EXISTS users_email_not_blank,
DROP CONSTRAINT IF EXISTS users_roles_are_texts,
DROP CONSTRAINT IF EXISTS users_times_in_order;

ALTER TABLE IF EXISTS pad_ws.pads
DROP CONSTRAINT IF EXISTS pads_display_name_not_blank,
DROP CONSTRAINT IF EXISTS pads_version_not_negative,
DROP CONSTRAINT IF EXISTS pads_times_in_order;

ALTER TABLE IF EXISTS pad_ws.backups
DROP CONSTRAINT IF EXISTS backups_data_is_object,
DROP CONSTRAINT IF EXISTS backups_times_in_order;

ALTER TABLE IF EXISTS pad_ws.template_pads
DROP CONSTRAINT IF EXISTS template_pads_name_not_blank,
DROP CONSTRAINT IF EXISTS template_pads_display_name_not_blank,
DROP CONSTRAINT IF EXISTS template_pads_times_in_order;

ALTER TABLE IF EXISTS pad_ws.access_tokens
DROP CONSTRAINT IF EXISTS access_tokens_name_not_blank,
DROP CONSTRAINT IF EXISTS access_tokens_digest_is_sha256,
DROP CONSTRAINT IF EXISTS access_tokens_expires_after_creation,
DROP CONSTRAINT IF EXISTS access_tokens_times_in_order;
