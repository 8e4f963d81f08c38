-- A user's first pad, from a template where there is one; returns whether there was. No row: the user
-- has a pad by now. Index: those of pad_ws.insert_first_pad.
-- psql -v owner_id="'…'" -v display_name="'…'" -v template_name="'default'" \
--      -v new_pictures=true -f sql/pads/insert_first_pad.sql

SELECT from_template
FROM pad_ws.insert_first_pad(
    :owner_id, :display_name::text, :template_name::text, :new_pictures
);
