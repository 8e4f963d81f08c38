-- depends: 20261125_0004_keys_with_owner
--
-- What the service sees to, the database now refuses by itself, whoever writes: names without a
-- visible character, roles that are no list of texts, times in the wrong order, and so on. Each rule
-- has a name that says what it is about. NOT VALID: rows that are there are left alone; the next
-- migration looks at them.
--
-- Times may differ by a minute: a transaction that had to wait began earlier than the one it waited
-- for, and after a failover the clock may be another. Rows of pads at version 0 are pad.ws's, and it
-- goes on working: its times are not looked at.
--
-- An address is one user's, whatever its case. Where rows break this, the index is left out, with a
-- warning; `padws doctor` and `db-status` go on saying so.
--
-- Locks: ACCESS EXCLUSIVE on each table for a moment; no row is read. SHARE on users while the index
-- is built, about a second per million users: sign-ins that change a row wait, drawings do not.
--
-- squawk-ignore-file ban-drop-constraint
-- (each is added again by the same statement, so that this can run twice)

ALTER TABLE pad_ws.users
DROP CONSTRAINT IF EXISTS users_username_not_blank,
DROP CONSTRAINT IF EXISTS users_email_not_blank,
DROP CONSTRAINT IF EXISTS users_roles_are_texts,
DROP CONSTRAINT IF EXISTS users_times_in_order,
ADD CONSTRAINT users_username_not_blank CHECK (username ~ '\S') NOT VALID,
ADD CONSTRAINT users_email_not_blank CHECK (email ~ '\S') NOT VALID,
ADD CONSTRAINT users_roles_are_texts CHECK (
    jsonb_typeof(roles) = 'array' AND NOT roles @? 'strict $[*] ? (@.type() <> "string")'
) NOT VALID,
ADD CONSTRAINT users_times_in_order CHECK (updated_at >= created_at - interval '1 minute') NOT VALID;

COMMENT ON CONSTRAINT users_username_not_blank ON pad_ws.users IS 'A name that can be read.';
COMMENT ON CONSTRAINT users_email_not_blank ON pad_ws.users IS 'An address that can be read.';
COMMENT ON CONSTRAINT users_roles_are_texts ON pad_ws.users IS 'An array with nothing but strings in it.';
COMMENT ON CONSTRAINT users_times_in_order ON pad_ws.users IS 'Changed after it was made, give or take a minute.';

ALTER TABLE pad_ws.pads
DROP CONSTRAINT IF EXISTS pads_display_name_not_blank,
DROP CONSTRAINT IF EXISTS pads_version_not_negative,
DROP CONSTRAINT IF EXISTS pads_times_in_order,
ADD CONSTRAINT pads_display_name_not_blank CHECK (display_name ~ '\S') NOT VALID,
ADD CONSTRAINT pads_version_not_negative CHECK (version >= 0) NOT VALID,
ADD CONSTRAINT pads_times_in_order CHECK (
    version = 0 OR updated_at >= created_at - interval '1 minute'
) NOT VALID;

COMMENT ON CONSTRAINT pads_display_name_not_blank ON pad_ws.pads IS
'A name that can be read. Left out where pad.ws has kept a pad without one: it could not be saved any more.';
COMMENT ON CONSTRAINT pads_version_not_negative ON pad_ws.pads IS 'Versions count up from 0.';
COMMENT ON CONSTRAINT pads_times_in_order ON pad_ws.pads IS
'Changed after it was made, give or take a minute; not asked of pads that only pad.ws has written.';

ALTER TABLE pad_ws.backups
DROP CONSTRAINT IF EXISTS backups_data_is_object,
DROP CONSTRAINT IF EXISTS backups_times_in_order,
ADD CONSTRAINT backups_data_is_object CHECK (jsonb_typeof(data) = 'object') NOT VALID,
ADD CONSTRAINT backups_times_in_order CHECK (updated_at >= created_at - interval '1 minute') NOT VALID;

COMMENT ON CONSTRAINT backups_data_is_object ON pad_ws.backups IS
'An object; whether it is a scene is asked when it is restored. Validated on new databases alone.';
COMMENT ON CONSTRAINT backups_times_in_order ON pad_ws.backups IS
'Changed after it was made, give or take a minute.';

ALTER TABLE pad_ws.template_pads
DROP CONSTRAINT IF EXISTS template_pads_name_not_blank,
DROP CONSTRAINT IF EXISTS template_pads_display_name_not_blank,
DROP CONSTRAINT IF EXISTS template_pads_times_in_order,
ADD CONSTRAINT template_pads_name_not_blank CHECK (name ~ '\S') NOT VALID,
ADD CONSTRAINT template_pads_display_name_not_blank CHECK (display_name ~ '\S') NOT VALID,
ADD CONSTRAINT template_pads_times_in_order CHECK (updated_at >= created_at - interval '1 minute') NOT VALID;

COMMENT ON CONSTRAINT template_pads_name_not_blank ON pad_ws.template_pads IS 'A name that can be read.';
COMMENT ON CONSTRAINT template_pads_display_name_not_blank ON pad_ws.template_pads IS
'A name that can be read.';
COMMENT ON CONSTRAINT template_pads_times_in_order ON pad_ws.template_pads IS
'Changed after it was made, give or take a minute.';

ALTER TABLE pad_ws.access_tokens
DROP CONSTRAINT IF EXISTS access_tokens_name_not_blank,
DROP CONSTRAINT IF EXISTS access_tokens_digest_is_sha256,
DROP CONSTRAINT IF EXISTS access_tokens_expires_after_creation,
DROP CONSTRAINT IF EXISTS access_tokens_times_in_order,
ADD CONSTRAINT access_tokens_name_not_blank CHECK (name ~ '\S') NOT VALID,
ADD CONSTRAINT access_tokens_digest_is_sha256 CHECK (octet_length(token_digest) = 32) NOT VALID,
ADD CONSTRAINT access_tokens_expires_after_creation CHECK (expires_at > created_at) NOT VALID,
ADD CONSTRAINT access_tokens_times_in_order CHECK (
    last_used_at >= created_at - interval '1 minute'
) NOT VALID;

COMMENT ON CONSTRAINT access_tokens_name_not_blank ON pad_ws.access_tokens IS 'A name that can be read.';
COMMENT ON CONSTRAINT access_tokens_digest_is_sha256 ON pad_ws.access_tokens IS 'As long as a SHA-256.';
COMMENT ON CONSTRAINT access_tokens_expires_after_creation ON pad_ws.access_tokens IS
'A token is good for some time.';
COMMENT ON CONSTRAINT access_tokens_times_in_order ON pad_ws.access_tokens IS
'Used after it was made, give or take a minute.';

DO $$
BEGIN
    CREATE UNIQUE INDEX IF NOT EXISTS users_email_lower_key ON pad_ws.users (lower(email));
    COMMENT ON INDEX pad_ws.users_email_lower_key IS
    'An address is one user''s, whatever its case; finds who else has one.';
EXCEPTION WHEN unique_violation THEN
    RAISE WARNING 'Some email addresses differ by case alone, and are left as they are: see db-status.';
END
$$;
