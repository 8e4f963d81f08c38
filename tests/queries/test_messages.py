"""What operators read of PostgreSQL's errors: nothing of what is in the rows."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from padws.database import Connection
from padws.migrations.errors import in_words

_USER = "INSERT INTO pad_ws.users (id, username, email) VALUES (gen_random_uuid(), %s, %s)"
_PAD = """
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version)
    VALUES (%s, %s, 'x', %s, 1)
"""

#: Statements that break a rule, or have bad input, with something secret.
SECRET = "secret@example.org"
BROKEN = {
    "a check": (_PAD, [uuid4(), uuid4(), f'["{SECRET}"]'], "pads_data_is_scene"),
    "not null": (_USER, [SECRET, None], "email"),
    "unique": (f"{_USER}, (gen_random_uuid(), %s, 'b')", [SECRET, "a", SECRET], "username"),
    "json": (_PAD, [uuid4(), uuid4(), f'{{"{SECRET}": {SECRET}'], "json"),
}


@pytest.mark.parametrize(("statement", "values", "named"), BROKEN.values(), ids=BROKEN)
def test_the_rule_is_named_and_the_row_is_not_shown(
    conn: Connection, statement: str, values: list[object], named: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(statement.encode(), values)
    assert SECRET.partition("@")[0] in str(caught.value), "the row would be shown"
    told = in_words(caught.value)
    assert named in told
    assert SECRET.partition("@")[0] not in told
