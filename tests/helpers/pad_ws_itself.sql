-- A database as pad.ws itself leaves it, with rows: SQLAlchemy's tables, indexes twice over one
-- column, times that may be null, Alembic's own table.

CREATE SCHEMA pad_ws;

CREATE TABLE pad_ws.alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO pad_ws.alembic_version VALUES ('2025_05_04_2310');

CREATE TABLE pad_ws.users (
    id uuid NOT NULL PRIMARY KEY,
    username varchar(254) NOT NULL UNIQUE,
    email varchar(254) NOT NULL UNIQUE,
    email_verified boolean NOT NULL,
    name varchar(254),
    given_name varchar(254),
    family_name varchar(254),
    roles jsonb NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE UNIQUE INDEX ix_pad_ws_users_username ON pad_ws.users (username);
CREATE INDEX ix_users_email ON pad_ws.users (email);
CREATE INDEX ix_pad_ws_users_email ON pad_ws.users (email);

CREATE TABLE pad_ws.pads (
    id uuid NOT NULL PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES pad_ws.users (id) ON DELETE CASCADE,
    display_name varchar(100) NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE INDEX ix_pads_owner_id ON pad_ws.pads (owner_id);
CREATE INDEX ix_pad_ws_pads_owner_id ON pad_ws.pads (owner_id);

CREATE TABLE pad_ws.backups (
    id uuid NOT NULL PRIMARY KEY,
    source_id uuid NOT NULL REFERENCES pad_ws.pads (id) ON DELETE CASCADE,
    data jsonb NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE INDEX ix_backups_source_id ON pad_ws.backups (source_id);
CREATE INDEX ix_pad_ws_backups_source_id ON pad_ws.backups (source_id);
CREATE INDEX ix_backups_created_at ON pad_ws.backups (created_at);

CREATE TABLE pad_ws.template_pads (
    id uuid NOT NULL PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    display_name varchar(100) NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE UNIQUE INDEX ix_pad_ws_template_pads_name ON pad_ws.template_pads (name);

INSERT INTO pad_ws.users VALUES
(
    '11111111-1111-4111-8111-111111111111', 'alice', 'alice@example.com', true, 'Alice Liddell', 'Alice',
    'Liddell', '["admin"]', '2025-05-05 10:00+00', '2025-05-06 10:00+00'
),
('22222222-2222-4222-8222-222222222222', 'bob', 'bob@example.com', false, null, null, null, '[]', null, null);

INSERT INTO pad_ws.pads VALUES
(
    '33333333-3333-4333-8333-333333333333', '11111111-1111-4111-8111-111111111111', 'Garden',
    '{"files": {}, "elements": [{"id": "a"}], "appState": {"zoom": 2, "pad": {"uniqueId": "old"}}}',
    '2025-05-05 10:00+00', '2025-05-06 10:00+00'
),
('44444444-4444-4444-8444-444444444444', '22222222-2222-4222-8222-222222222222', 'Null times', '{"elements": []}', null, null),
-- What the rules of today would refuse stays as it is.
('55555555-5555-4555-8555-555555555555', '22222222-2222-4222-8222-222222222222', 'Empty', '{}', null, now());

INSERT INTO pad_ws.backups
SELECT
    ('66666666-6666-4666-8666-0000000000' || n)::uuid,
    '33333333-3333-4333-8333-333333333333',
    jsonb_build_object('elements', n),
    '2025-05-05 10:00+00'::timestamptz + n * interval '5 minutes',
    null
FROM generate_series(10, 24) AS n;

INSERT INTO pad_ws.template_pads VALUES
('77777777-7777-4777-8777-777777777777', 'default', 'Welcome', '{"elements": []}', null, null);
