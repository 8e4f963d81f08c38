-- The rules that the database itself must keep, each `valid`, `not valid` (for the rows that were there
-- before it, nobody has looked) or `missing`. Index: none is read.
-- psql -f sql/checks/list_rules.sql

WITH there AS (
    SELECT
        conname AS name,
        convalidated AS is_valid
    FROM pg_catalog.pg_constraint
    WHERE connamespace = 'pad_ws'::regnamespace
    UNION ALL
    SELECT
        class.relname,
        indexes.indisvalid
    FROM pg_catalog.pg_index AS indexes
    INNER JOIN pg_catalog.pg_class AS class ON indexes.indexrelid = class.oid
    WHERE class.relnamespace = 'pad_ws'::regnamespace
)

SELECT
    rules.name,
    CASE
        WHEN count(there.name) = 0 THEN 'missing'
        WHEN bool_and(there.is_valid) THEN 'valid'
        ELSE 'not valid'
    END AS state
FROM
    unnest(ARRAY[
        'users_pkey',
        'users_username_key',
        'users_email_key',
        'users_email_lower_key',
        'users_username_not_blank',
        'users_email_not_blank',
        'users_roles_are_texts',
        'users_times_in_order',
        'pads_pkey',
        'pads_id_owner_id_key',
        'pads_owner_id_fkey',
        'pads_data_is_scene',
        'pads_display_name_not_blank',
        'pads_version_not_negative',
        'pads_times_in_order',
        'backups_pkey',
        'backups_id_owner_id_key',
        'backups_source_id_fkey',
        'backups_source_id_owner_id_fkey',
        'backups_owner_id_given',
        'backups_data_is_object',
        'backups_times_in_order',
        'backups_reason_known',
        'backups_label_not_blank',
        'template_pads_pkey',
        'template_pads_name_key',
        'template_pads_data_is_scene',
        'template_pads_name_not_blank',
        'template_pads_display_name_not_blank',
        'template_pads_times_in_order',
        'access_tokens_pkey',
        'access_tokens_token_digest_key',
        'access_tokens_user_id_fkey',
        'access_tokens_name_not_blank',
        'access_tokens_scope_known',
        'access_tokens_digest_is_sha256',
        'access_tokens_expires_after_creation',
        'access_tokens_times_in_order',
        'pictures_pkey',
        'pictures_owner_id_fkey',
        'pictures_digest_is_sha256',
        'pictures_content_is_text',
        'pad_pictures_pkey',
        'pad_pictures_owner_id_fkey',
        'pad_pictures_pad_id_owner_id_fkey',
        'pad_pictures_owner_id_digest_fkey',
        'backup_pictures_pkey',
        'backup_pictures_owner_id_fkey',
        'backup_pictures_backup_id_owner_id_fkey',
        'backup_pictures_owner_id_digest_fkey',
        'links_pkey',
        'links_owner_id_token_digest_key',
        'links_owner_id_fkey',
        'links_pad_id_owner_id_fkey',
        'links_digest_is_sha256',
        'links_password_is_hashed',
        'links_expires_after_creation',
        'usage_pkey',
        'usage_owner_id_fkey'
    ]) AS rules (name)
LEFT JOIN there ON rules.name = there.name
GROUP BY rules.name
ORDER BY rules.name;
