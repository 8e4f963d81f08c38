-- Take a username and an email address from any other user who holds them: that row gets a
-- placeholder. Index: users_username_key, users_email_key.
-- psql -v user_id="'…'" -v username="'…'" -v email="'…'" -f sql/users/release_user_names.sql

UPDATE pad_ws.users
SET
    username = CASE WHEN username = :username THEN 'user_' || id ELSE username END,
    email = CASE WHEN email = :email THEN 'user_' || id || '@example.com' ELSE email END,
    updated_at = now()
WHERE
    (username = :username OR email = :email)
    AND id <> :user_id
RETURNING id;
