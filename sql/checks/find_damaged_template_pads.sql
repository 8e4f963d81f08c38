-- Templates in a range of ids that are not as they must be, and why: the names of the constraints they break,
-- or what no constraint asks. They are nobody's.
-- Index: template_pads_pkey.
-- psql -v first_id="'00000000-0000-0000-0000-000000000000'" -v last_id="'ffffffff-ffff-ffff-ffff-ffffffffffff'" \
--      -f sql/checks/find_damaged_template_pads.sql

SELECT
    templates.id,
    NULL::uuid AS owner_id,
    TRUE AS may_be_of_pad_ws,
    found.faults
FROM pad_ws.template_pads AS templates
CROSS JOIN
    LATERAL array_remove(ARRAY[
        CASE WHEN NOT pad_ws.is_scene(templates.data) THEN 'template_pads_data_is_scene' END,
        -- Written out, so that every part of it is read.
        CASE WHEN length(templates.data::text) < 1 THEN 'data cannot be read' END,
        CASE WHEN templates.name !~ '\S' THEN 'template_pads_name_not_blank' END,
        CASE WHEN templates.display_name !~ '\S' THEN 'template_pads_display_name_not_blank' END,
        CASE
            WHEN templates.updated_at < templates.created_at - interval '1 minute'
                THEN 'template_pads_times_in_order'
        END,
        CASE
            WHEN greatest(templates.created_at, templates.updated_at) > now() + interval '1 day'
                THEN 'created_at or updated_at is in the future'
        END
    ], NULL) AS found (faults)
WHERE
    templates.id BETWEEN :first_id AND :last_id
    AND found.faults <> '{}'
ORDER BY templates.id;
