-- Delete a user; pads and their backups go along (ON DELETE CASCADE). Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/delete_user.sql

DELETE FROM pad_ws.users
WHERE id = :user_id
RETURNING id;
