-- Users in a range of ids that are not as they must be, and why: the names of the constraints they break, or
-- what no constraint asks.
-- Index: users_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_users.sql

SELECT
    users.id,
    users.id AS owner_id,
    TRUE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.users AS users
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE WHEN users.username !~ '\S' THEN 'users_username_not_blank' END,
        CASE WHEN users.email !~ '\S' THEN 'users_email_not_blank' END,
        CASE
            WHEN jsonb_typeof(users.roles) <> 'array' OR users.roles @? 'strict $[*] ? (@.type() <> "string")'
                THEN 'users_roles_are_texts'
        END,
        CASE WHEN users.updated_at < users.created_at - INTERVAL '1 minute' THEN 'users_times_in_order' END,
        CASE
            WHEN greatest(users.created_at, users.updated_at) > now() + INTERVAL '1 day'
                THEN 'created_at or updated_at is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    users.id BETWEEN :first_id AND :last_id
    AND found.faults <> '{}'
ORDER BY users.id;
