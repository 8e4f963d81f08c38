-- depends: 20261125_0005_rules
--
-- Looks whether the rows that are there keep the rules. Where they do, the rule is valid for all of
-- the table; where pad.ws has left rows that break one, it holds for what is written from now on, and
-- a warning names it. Rules about the scenes of pads and backups are validated on empty tables alone:
-- reading every scene of a large database takes long.
--
-- A pad without a name has to go on being saved, so there the rule about names is dropped again.
--
-- Locks: SHARE UPDATE EXCLUSIVE on each table while it is read, without its scenes: reading and
-- writing go on. ACCESS EXCLUSIVE on pads for a moment, where a pad has no name.

DO $$
DECLARE
    rule record;
    checkable boolean;
BEGIN
    FOR rule IN
        SELECT conname AS name, conrelid::regclass AS table_name
        FROM pg_constraint
        WHERE connamespace = 'pad_ws'::regnamespace AND contype = 'c' AND NOT convalidated
        AND conrelid IN (
            'pad_ws.users'::regclass, 'pad_ws.pads'::regclass, 'pad_ws.backups'::regclass,
            'pad_ws.template_pads'::regclass, 'pad_ws.access_tokens'::regclass
        )
        ORDER BY conname = 'pads_display_name_not_blank', conname
    LOOP
        checkable := true;
        IF rule.name IN ('pads_data_is_scene', 'backups_data_is_object') THEN
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', rule.table_name) INTO checkable;
        END IF;
        BEGIN
            IF checkable THEN
                EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rule.table_name, rule.name);
            END IF;
        EXCEPTION WHEN check_violation THEN
            RAISE WARNING 'Some rows of % break the rule %, and are left as they are: see db-status.',
                rule.table_name, rule.name;
            IF rule.name = 'pads_display_name_not_blank' THEN
                ALTER TABLE pad_ws.pads DROP CONSTRAINT pads_display_name_not_blank;
            END IF;
        END;
    END LOOP;
END
$$;

COMMENT ON CONSTRAINT pads_data_is_scene ON pad_ws.pads IS
'Every new value is a scene. Validated on new databases alone: rows of pad.ws are left as they are.';
COMMENT ON CONSTRAINT template_pads_data_is_scene ON pad_ws.template_pads IS
'Every value is a scene.';
