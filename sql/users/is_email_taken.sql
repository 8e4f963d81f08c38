-- Whether an email address (whatever its case) is the verified one of somebody else.
-- Index: users_email_lower_key.
-- psql -v user_id="'…'" -v email="'…'" -f sql/users/is_email_taken.sql

SELECT count(*) > 0 AS found
FROM pad_ws.users
WHERE
    lower(email) = lower(:email)
    AND email_verified
    AND id <> :user_id;
