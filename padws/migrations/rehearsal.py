"""What padws writes, to be tried in a transaction that is rolled back."""

# The defaults that a migration will set, for columns that exist.
DEFAULTS = [
    f"""
    DO $$
    BEGIN
        ALTER TABLE pad_ws.{table} ALTER COLUMN {name} SET DEFAULT {value};
    EXCEPTION WHEN undefined_column OR datatype_mismatch OR invalid_text_representation THEN NULL;
    END
    $$
    """
    for table, name, value in (
        ("users", "open_pads", "'{}'"),
        ("pads", "sharing_policy", "'private'"),
    )
]

# What padws writes, in the columns that pad.ws has: whatever refuses it (a rule, a key, a trigger
# that padws does not know) refuses it here. For a transaction that is rolled back.
REHEARSAL = """
DO $$
DECLARE
    moment timestamptz := clock_timestamp();
    one uuid := gen_random_uuid();
    other uuid := gen_random_uuid();
    pad uuid := gen_random_uuid();
    scene jsonb := '{"elements": [], "appState": {}, "files": {}}';
BEGIN
    INSERT INTO pad_ws.users (
        id, username, email, email_verified, name, given_name, family_name, roles,
        created_at, updated_at
    )
    SELECT id, 'user_' || id, 'user_' || id || '@example.com', FALSE, '', '', '', '[]', now(), now()
    FROM unnest(ARRAY[one, other]) AS id;
    UPDATE pad_ws.users SET name = 'A user', roles = '["admin"]', updated_at = now()
    WHERE id = one;
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, created_at, updated_at)
    SELECT id, one, 'Untitled', scene, now(), now()
    FROM unnest(ARRAY[pad, gen_random_uuid()]) AS id;
    UPDATE pad_ws.pads
    SET data = scene, display_name = repeat('x', 100), updated_at = moment
    WHERE id = pad;
    -- Before the migrations there is no owner; on a Citus cluster no trigger that fills it in.
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'pad_ws.backups'::regclass AND attname = 'owner_id'
    ) THEN
        INSERT INTO pad_ws.backups (id, source_id, owner_id, data, created_at, updated_at)
        VALUES (gen_random_uuid(), pad, one, scene, now(), now());
    ELSE
        INSERT INTO pad_ws.backups (id, source_id, data, created_at, updated_at)
        VALUES (gen_random_uuid(), pad, scene, now(), now());
    END IF;
    INSERT INTO pad_ws.template_pads (id, name, display_name, data, created_at, updated_at)
    VALUES (gen_random_uuid(), 'user_' || one, 'Untitled', scene, now(), now());
    UPDATE pad_ws.template_pads SET data = scene, updated_at = now() WHERE name = 'user_' || one;
    DELETE FROM pad_ws.template_pads WHERE name = 'user_' || one;
    DELETE FROM pad_ws.backups WHERE source_id = pad;
    DELETE FROM pad_ws.pads WHERE id = pad;
    DELETE FROM pad_ws.users WHERE id IN (one, other);
    SET CONSTRAINTS ALL IMMEDIATE;
END
$$
"""
