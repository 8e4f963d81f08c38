-- Say what one user may have at most of something (0: any number), for the functions. Index: limits_pkey.
-- psql -v name="'pads'" -v value=1000 -f sql/quotas/set_limit.sql

INSERT INTO pad_ws.limits AS limits (name, value)
VALUES (:name, :value::bigint)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
RETURNING limits.value;
