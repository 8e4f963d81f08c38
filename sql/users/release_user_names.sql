-- Take a username and an email address (whatever its case) from any other user who holds them: that
-- row gets a placeholder, with the random part where the usual one is taken, and keeps what it had in
-- former_username and former_email.
-- Index: users_username_key, users_email_lower_key.
-- psql -v user_id="'…'" -v username="'…'" -v email="'…'" -v random_part="'…'" \
--      -f sql/users/release_user_names.sql

UPDATE pad_ws.users AS loser
SET
    former_username = CASE
        WHEN loser.username = :username THEN loser.username
        ELSE loser.former_username
    END,
    former_email = CASE
        WHEN lower(loser.email) = lower(:email) THEN loser.email
        ELSE loser.former_email
    END,
    username = CASE
        WHEN loser.username <> :username AND loser.username ~ '\S' THEN loser.username
        WHEN EXISTS (SELECT FROM pad_ws.users WHERE username = 'user_' || loser.id)
            THEN 'user_' || loser.id || '_' || :random_part::text
        ELSE 'user_' || loser.id
    END,
    email = CASE
        WHEN lower(loser.email) <> lower(:email) AND loser.email ~ '\S' THEN loser.email
        WHEN EXISTS (SELECT FROM pad_ws.users WHERE lower(email) = 'user_' || loser.id || '@example.com')
            THEN 'user_' || loser.id || '_' || :random_part::text || '@example.com'
        ELSE 'user_' || loser.id || '@example.com'
    END,
    -- A row of pad.ws may break the constraint on roles, which would refuse this update.
    roles = CASE
        WHEN jsonb_typeof(loser.roles) = 'array' AND NOT loser.roles @? 'strict $[*] ? (@.type() <> "string")'
            THEN loser.roles
        ELSE '[]'
    END,
    updated_at = greatest(now(), loser.created_at)
WHERE
    (loser.username = :username OR lower(loser.email) = lower(:email))
    AND loser.id <> :user_id
RETURNING
    loser.id,
    loser.former_username = :username AND loser.username <> :username AS lost_username,
    lower(loser.former_email) = lower(:email) AND lower(loser.email) <> lower(:email) AS lost_email;
