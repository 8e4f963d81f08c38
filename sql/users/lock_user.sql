-- Hold a user's row until the transaction ends: whoever makes a first pad waits here for the one
-- before. Index: users_pkey.
-- psql -v user_id="'…'" -f sql/users/lock_user.sql

SELECT id
FROM pad_ws.users
WHERE id = :user_id
FOR NO KEY UPDATE;
