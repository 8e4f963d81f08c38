-- Makes a user's first pad from a template, or an empty one where there is no such template, since
-- nobody's list is ever empty; what is in the trash does not count. Returns whether it is from the template;
-- no row: the user has a pad by now.
-- Constraints: the owner must exist (pads_owner_id_fkey).
-- Index: pads_owner_id_created_at_live_idx; insert_pad_from_template, add_pad.

CREATE OR REPLACE FUNCTION pad_ws.insert_first_pad(
    owner_id uuid, display_name text, template_name text, new_pictures boolean
)
RETURNS TABLE (from_template boolean)
LANGUAGE plpgsql
AS $$
BEGIN
    -- Of many first requests at once one makes the pad: the others wait here, and look again.
    -- (On Citus a row must be read before waiting for an advisory lock.)
    IF NOT EXISTS (
        SELECT FROM pad_ws.pads AS pads
        WHERE pads.owner_id = insert_first_pad.owner_id AND pads.deleted_at IS NULL
    ) THEN
        PERFORM pg_advisory_xact_lock('pad_ws.pads'::regclass::integer, hashtext(owner_id::text));
    END IF;
    IF EXISTS (
        SELECT FROM pad_ws.pads AS pads
        WHERE pads.owner_id = insert_first_pad.owner_id AND pads.deleted_at IS NULL
    ) THEN
        RETURN;
    END IF;

    BEGIN
        PERFORM FROM pad_ws.insert_pad_from_template(
            owner_id, display_name, template_name, new_pictures
        );
        from_template := FOUND;
    EXCEPTION WHEN SQLSTATE 'PW003' THEN -- no room for the template
        from_template := FALSE;
    END;
    IF NOT from_template THEN
        PERFORM pad_ws.add_pad(
            owner_id,
            gen_random_uuid(),
            display_name,
            '{"elements": [], "appState": {}, "files": {}}',
            NULL,
            NULL
        );
    END IF;
    RETURN NEXT;
END
$$;

COMMENT ON FUNCTION pad_ws.insert_first_pad IS
'Makes a user''s first pad, from a template if there is one; no row if the user has a pad by now.';
