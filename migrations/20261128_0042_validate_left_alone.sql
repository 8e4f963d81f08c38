-- depends: 20261128_0041_leave_rows_of_pad_ws_alone
--
-- Looks whether the rows that are there keep the rules: those about scenes on empty tables alone, as reading
-- every scene of a large database takes long.
--
-- Locks: SHARE UPDATE EXCLUSIVE on backups while it is read, without its scenes: reading and writing go on.

ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_times_in_order;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pad_ws.pads) THEN
        ALTER TABLE pad_ws.pads VALIDATE CONSTRAINT pads_data_is_scene;
    END IF;
    IF NOT EXISTS (SELECT FROM pad_ws.backups) THEN
        ALTER TABLE pad_ws.backups VALIDATE CONSTRAINT backups_data_is_object;
    END IF;
END
$$;
