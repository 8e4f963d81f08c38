"""Pictures that are kept apart: what refers to them, and what happens when nothing does."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

import pytest
from psycopg.errors import ForeignKeyViolation

from padws.database import Connection, Database
from padws.json_text import JsonText
from padws.queries import backups, pads
from padws.queries.pictures import TidiedPictures, get_next_owner_of_pictures, tidy_pictures
from padws.queries.trash import empty_trash
from tests.helpers.rows import (
    THIRTY_DAYS,
    at_once,
    count,
    delete,
    new_pad,
    new_user,
    overtaken,
    restore,
    retention,
    save,
    scene,
)

DAY = timedelta(days=1)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def map_of(*texts: str) -> JsonText | None:
    """The map of a scene with a file for each picture."""
    digests = {f"file {number}": digest_of(text) for number, text in enumerate(texts)}
    return JsonText(json.dumps(digests).encode()) if digests else None


def contents_of(*texts: str) -> JsonText:
    return JsonText(json.dumps({digest_of(text): text for text in texts}).encode())


def saved_pad(conn: Connection, owner_id: UUID | None = None) -> pads.Pad:
    """A pad without pictures, which has its backup already."""
    pad = new_pad(conn, owner_id)
    save(conn, pad)
    return pad


def draw(conn: Connection, pad: pads.Pad, *texts: str) -> list[str]:
    """Save a pad with pictures, as a request does; what was missing at first."""
    files: dict[str, object] = {f"file {number}": {} for number in range(len(texts))}
    drawn = {"scene": scene(files=files), "pictures": map_of(*texts)}
    attempt = save(conn, pad, **drawn)
    assert attempt
    again: pads.SaveAttempt | None = attempt
    while again and again.missing:  # once more where a clean-up was quicker
        again = save(conn, pad, **drawn, contents=contents_of(*texts))
    assert again
    return attempt.missing or []


def needed_by(conn: Connection, table: str) -> set[str]:
    rows = conn.execute(f"SELECT encode(digest, 'hex') FROM pad_ws.{table}".encode()).fetchall()
    return {digest for (digest,) in rows}


def kept(conn: Connection) -> set[str]:
    return needed_by(conn, "pictures")


def age(conn: Connection) -> None:
    """Let a day go by."""
    conn.execute("UPDATE pad_ws.pictures SET unneeded_since = unneeded_since - interval '1 day'")


def tidy(conn: Connection, owner_id: UUID) -> TidiedPictures:
    return tidy_pictures(conn, owner_id=owner_id, unneeded_for=DAY)


# Saving


def test_what_is_missing_is_told_and_nothing_is_written(conn: Connection) -> None:
    pad = new_pad(conn)
    attempt = save(conn, pad, pictures=map_of("a", "b", "a"))
    assert attempt
    assert attempt.missing == sorted([digest_of("a"), digest_of("b")])
    assert (count(conn, "pictures"), count(conn, "backups")) == (0, 0)
    saved = save(conn, pad, pictures=map_of("a"), contents=contents_of("a"))
    assert saved
    assert (saved.version, saved.missing) == (2, None)


def test_contents_are_not_added_beside_what_is_missing(conn: Connection) -> None:
    attempt = save(conn, new_pad(conn), pictures=map_of("a", "b"), contents=contents_of("a"))
    assert attempt
    assert attempt.missing == sorted([digest_of("a"), digest_of("b")])
    assert kept(conn) == set()


def test_a_pad_refers_to_what_it_has_now(conn: Connection) -> None:
    pad = new_pad(conn)
    for texts in (("a",), ("a", "b"), ("b", "c", "b"), (), ("c",)):
        draw(conn, pad, *texts)
        assert needed_by(conn, "pad_pictures") == set(map(digest_of, texts))
    assert kept(conn) == {digest_of("a"), digest_of("b"), digest_of("c")}


def test_pictures_are_their_owners_alone(conn: Connection) -> None:
    mine, theirs = new_pad(conn), new_pad(conn)
    draw(conn, mine, "a")
    assert draw(conn, theirs, "a") == [digest_of("a")]
    assert count(conn, "pictures") == 2


def test_a_stale_save_adds_no_picture(conn: Connection) -> None:
    pad = new_pad(conn)
    stale = {"accepted_versions": "{[7,7]}", "contents": contents_of("a")}
    assert save(conn, pad, pictures=map_of("a"), **stale) is None
    assert kept(conn) == set()


def test_backups_refer_to_their_pictures_until_they_are_pruned(conn: Connection) -> None:
    pad = new_pad(conn)
    for text in ("a", "b", "c"):
        draw(conn, pad, text)
        backups.insert_backup(conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(2))
    assert needed_by(conn, "backup_pictures") == {digest_of("b"), digest_of("c")}


def test_a_restore_brings_its_pictures(conn: Connection) -> None:
    pad = new_pad(conn)
    draw(conn, pad, "a")
    (backup,) = backups.insert_backup(
        conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10)
    ).rows
    draw(conn, pad, "b")
    assert restore(conn, pad, backup.id)
    assert needed_by(conn, "pad_pictures") == {digest_of("a")}
    assert needed_by(conn, "backup_pictures") >= {digest_of("a"), digest_of("b")}


def test_what_is_needed_cannot_be_deleted(conn: Connection) -> None:
    draw(conn, new_pad(conn), "a")
    with pytest.raises(ForeignKeyViolation):
        conn.execute("DELETE FROM pad_ws.pictures")


def test_deleting_a_user_deletes_pictures_that_pads_and_backups_need(conn: Connection) -> None:
    """In whatever order PostgreSQL follows the references."""
    pad, other = new_pad(conn), new_pad(conn)
    for each in (pad, other):
        draw(conn, each, "a", "b")
        backups.insert_backup(conn, pad_id=each.id, owner_id=each.owner_id, retention=retention(10))
        draw(conn, each, "b", "c")
    conn.execute("DELETE FROM pad_ws.users WHERE id = %s", [pad.owner_id])
    assert count(conn, "pictures") == 3
    assert count(conn, "pad_pictures") == 2


# Tidying up


def forget(conn: Connection) -> None:
    """Delete all backups, so also those of drawings whose pictures a save took away."""
    conn.execute("DELETE FROM pad_ws.backups")


def test_a_picture_goes_a_day_after_nothing_was_found_to_need_it(conn: Connection) -> None:
    pad = saved_pad(conn)
    draw(conn, pad, "a", "long" * 1000)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 0)
    draw(conn, pad, "b")
    forget(conn)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 2)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 2)
    age(conn)
    tidied = tidy(conn, pad.owner_id)
    assert (tidied.deleted, tidied.unneeded) == (2, 0)
    assert 4_000 < tidied.deleted_bytes < 4_100
    assert kept(conn) == {digest_of("b")}


def test_a_picture_that_was_needed_for_a_moment_has_another_day(conn: Connection) -> None:
    pad = unneeded(conn, "a")
    draw(conn, pad, "a")
    draw(conn, pad)
    forget(conn)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 1)
    assert kept(conn) == {digest_of("a")}


def test_a_picture_that_is_needed_again_has_another_day(conn: Connection) -> None:
    pad = saved_pad(conn)
    draw(conn, pad, "a")
    draw(conn, pad)
    forget(conn)
    tidy(conn, pad.owner_id)
    age(conn)
    assert draw(conn, pad, "a") == []
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 0)
    draw(conn, pad)
    forget(conn)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 1)


def test_what_backups_alone_need_stays(conn: Connection) -> None:
    pad = saved_pad(conn)
    draw(conn, pad, "a")
    backups.insert_backup(conn, pad_id=pad.id, owner_id=pad.owner_id, retention=retention(10))
    draw(conn, pad)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 0)
    delete(conn, pad)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 0), "in the trash they are still needed"
    empty_trash(conn, owner_id=pad.owner_id, trash_for=THIRTY_DAYS, most=100)
    assert tidy(conn, pad.owner_id) == TidiedPictures(0, 0, 1)


def test_every_user_with_pictures_is_found(conn: Connection) -> None:
    owners = sorted(new_user(conn) for _ in range(4))
    for owner_id in owners[1:]:
        draw(conn, saved_pad(conn, owner_id), "a", "b")
    found = [UUID(int=0)]
    while following := get_next_owner_of_pictures(conn, after=found[-1]):
        found.append(following)
    assert found[1:] == owners[1:]


# Races


def unneeded(conn: Connection, *texts: str) -> pads.Pad:
    """A pad whose user has pictures that are due to be deleted."""
    pad = saved_pad(conn)
    draw(conn, pad, *texts)
    draw(conn, pad)
    forget(conn)
    tidy(conn, pad.owner_id)
    age(conn)
    return pad


def test_a_save_waits_for_the_clean_up_and_brings_the_picture_along(database: Database) -> None:
    with database.connection() as conn:
        pad = unneeded(conn, "a", "b")

    def clean_up(conn: Connection) -> None:
        assert tidy(conn, pad.owner_id).deleted == 2

    (missing,) = overtaken(database, clean_up, lambda conn: draw(conn, pad, "b"))
    assert missing == [digest_of("b")]
    with database.connection() as conn:
        assert kept(conn) == needed_by(conn, "pad_pictures") == {digest_of("b")}


def test_the_clean_up_leaves_what_a_save_holds(database: Database) -> None:
    with database.connection() as conn:
        pad = unneeded(conn, "a", "b")
        with database.transaction() as saving:
            assert draw(saving, pad, "b") == []
            assert tidy(conn, pad.owner_id).deleted == 1
        assert kept(conn) == needed_by(conn, "pad_pictures") == {digest_of("b")}


def digests_of(conn: Connection, table: str) -> set[str]:
    """The digests in the maps of pads or backups."""
    rows = conn.execute(f"SELECT pictures FROM pad_ws.{table}".encode()).fetchall()
    maps = [json.loads(bytes(row[0].json)) for row in rows if row[0]]
    return {digest for each in maps for digest in each.values()}


def test_savers_and_clean_ups_at_once_lose_nothing(database: Database) -> None:
    """Each save's pictures are there afterwards, and nobody waits in a circle."""
    with database.connection() as conn:
        owner_id = new_user(conn)
        drawn = [saved_pad(conn, owner_id) for _ in range(6)]
    texts = [f"picture {number}" for number in range(12)]

    def saver(conn: Connection, pad: pads.Pad) -> None:
        source = random.Random(str(pad.id))
        for _ in range(600):
            draw(conn, pad, *source.sample(texts, source.randrange(4)))

    def cleaner(conn: Connection) -> None:
        for _ in range(2500):
            tidy_pictures(conn, owner_id=owner_id, unneeded_for=timedelta(0))

    savers: list[Callable[[Connection], None]] = [partial(saver, pad=pad) for pad in drawn]
    at_once(database, [*savers, cleaner, cleaner])
    with database.connection() as conn:
        assert needed_by(conn, "pad_pictures") == digests_of(conn, "pads")
        assert needed_by(conn, "backup_pictures") == digests_of(conn, "backups")
        wanted = digests_of(conn, "pads") | digests_of(conn, "backups")
        assert wanted <= kept(conn)
        tidy_pictures(conn, owner_id=owner_id, unneeded_for=timedelta(0))
        tidy_pictures(conn, owner_id=owner_id, unneeded_for=timedelta(0))
        assert kept(conn) == wanted


def test_two_saves_with_the_same_new_pictures_both_succeed(database: Database) -> None:
    with database.connection() as conn:
        owner_id = new_user(conn)
        drawn = [saved_pad(conn, owner_id) for _ in range(8)]
    texts = [f"picture {number}" for number in range(30)]
    orders = [random.Random(number).sample(texts, len(texts)) for number in range(len(drawn))]
    at_once(
        database,
        [partial(draw_all, pad=pad, texts=order) for pad, order in zip(drawn, orders, strict=True)],
    )
    with database.connection() as conn:
        assert count(conn, "pictures") == 30
        assert count(conn, "pad_pictures") == 30 * len(drawn)


def draw_all(conn: Connection, pad: pads.Pad, texts: list[str]) -> None:
    draw(conn, pad, *texts)
