-- Let nobody give a user who is being deleted anything more, until the transaction ends: whatever refers to
-- the user waits. No row: no such user. Index: users_deleted_idx.
-- psql -v user_id="'…'" -f sql/users/lock_barred_user.sql

SELECT id
FROM pad_ws.users
WHERE
    id = :user_id
    AND deleted_at IS NOT NULL
FOR UPDATE;
