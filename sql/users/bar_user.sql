-- Bar a user who is being deleted: nobody from here on, while the user's things are removed. Once more is
-- as good. No row: no such user. Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/bar_user.sql

UPDATE pad_ws.users
SET deleted_at = now()
WHERE id = :user_id
RETURNING id;
