-- Delete a user who is barred; whatever is left of the user's things goes with it (ON DELETE CASCADE).
-- Index: users_deleted_idx, pads_owner_id_created_at_idx, backups_source_id_created_at_idx,
-- access_tokens_user_id_created_at_idx, pictures_pkey, pad_pictures_pkey, pad_pictures_owner_id_digest_idx,
-- backup_pictures_pkey, backup_pictures_owner_id_digest_idx, links_owner_id_pad_id_created_at_idx,
-- usage_pkey.
-- psql -v user_id="'…'" -f sql/users/delete_user.sql

DELETE FROM pad_ws.users
WHERE
    id = :user_id
    AND deleted_at IS NOT NULL
RETURNING id;
