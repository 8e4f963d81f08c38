-- The tables of the first pad.ws, with every kind of row.

CREATE TABLE public.canvas_data (user_id uuid PRIMARY KEY, data jsonb);

CREATE TABLE public.canvas_backups (
    id serial PRIMARY KEY,
    user_id uuid,
    canvas_data jsonb,
    "timestamp" timestamp
);

INSERT INTO public.canvas_data VALUES
-- alice of pad_ws_itself.sql, where that was loaded, and a user that nobody knows
('11111111-1111-4111-8111-111111111111', '{"elements": [1], "appState": {"pad": {"uniqueId": "x", "tool": 1}}}'),
('88888888-8888-4888-8888-888888888888', '{"elements": [2]}'),
-- what cannot be taken along
('99999999-9999-4999-8999-000000000001', NULL),
('99999999-9999-4999-8999-000000000002', 'null'),
('99999999-9999-4999-8999-000000000003', '[]'),
('99999999-9999-4999-8999-000000000004', '{}'),
('99999999-9999-4999-8999-000000000005', '{"appState": []}');

-- more of alice's than the service keeps of a pad; the first without a time
INSERT INTO public.canvas_backups (user_id, canvas_data, "timestamp")
SELECT
    '11111111-1111-4111-8111-111111111111',
    jsonb_build_object('elements', n),
    CASE WHEN n > 1 THEN '2025-04-01 12:00'::timestamp + n * interval '5 minutes' END
FROM generate_series(1, 14) AS n;

INSERT INTO public.canvas_backups (user_id, canvas_data, "timestamp") VALUES
('88888888-8888-4888-8888-888888888888', '{"elements": [2]}', '2025-04-02 12:00'),
('88888888-8888-4888-8888-888888888888', NULL, '2025-04-02 12:05'),
('88888888-8888-4888-8888-888888888888', 'null', '2025-04-02 12:10'),
('88888888-8888-4888-8888-888888888888', '[1]', '2025-04-02 12:15'),
('99999999-9999-4999-8999-000000000001', '{"elements": [3]}', '2025-04-02 12:20'),
('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', '{"elements": [4]}', '2025-04-02 12:25'),
(NULL, '{"elements": [5]}', '2025-04-02 12:30');
