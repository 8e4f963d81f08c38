"""Takes pictures out of scenes, and puts them back: the texts of `dataURL` in `files`.

A scene is stored without them, and beside it which file has which picture, by the SHA-256 of its
text. Only what certainly means the same without them is taken apart: a scene that is anything but
plain is stored as it is, and PostgreSQL judges it. The time taken is linear in the body, and with
pictures known to PostgreSQL their texts are neither copied nor parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec
import orjson
from msgspec import UNSET, Raw, Struct, UnsetType
from psycopg.abc import Buffer

from padws.errors import Unprocessable
from padws.json_complexity import MOST_MEMBERS
from padws.json_text import JsonPieces, JsonText

# Shorter texts (in bytes) stay in the scene. sql/functions/split_pictures.sql has the same limit.
_LONGEST_INSIDE = 2_048


class Drawing(Struct, frozen=True):
    """A scene to save, its pictures apart: the digest by file id, the text as JSON by digest.

    Some of the digests may be `by_reference`: the files named them, instead of having the texts.
    """

    scene: JsonText
    digests: dict[str, str] = {}
    contents: dict[str, memoryview] = {}
    by_reference: dict[str, str] = {}

    @property
    def pictures(self) -> JsonText | None:
        """Which file has which picture, as it is stored beside the scene."""
        return JsonText(orjson.dumps(self.digests)) if self.digests else None

    @property
    def references(self) -> list[str]:
        """The digests of pictures whose texts the scene does not bring along."""
        return [digest for digest in self.by_reference.values() if digest not in self.contents]

    @property
    def repeated_bytes(self) -> int:
        """How many bytes longer the scene is with the texts that it has, wherever it has them."""
        repeated = (self.contents.get(digest, b"") for digest in self.by_reference.values())
        return sum(map(len, repeated))

    def contents_of(self, digests: Iterable[str]) -> JsonText | None:
        """The texts of pictures, as a JSON object; `None` if there are none.

        Raises Unprocessable for a picture that the scene refers to without its text.
        """
        members = list[bytes | memoryview]()
        for digest in digests:
            if digest not in self.contents:
                raise unknown_picture(digest)
            members += [b',"' if members else b'{"', digest.encode(), b'":', self.contents[digest]]
        return JsonText(b"".join([*members, b"}"])) if members else None


def take_apart(
    text: bytes, check: Callable[[bytes], None], new_pictures: Callable[[], bool]
) -> Drawing:
    """A scene without its pictures.

    Unless `new_pictures` are kept apart (asked only about a scene that has some) their texts stay
    where they are. `check` refuses what would be too much work, and sees what is decoded or stored.
    Raises Unprocessable for a file that refers to a picture by what is no address.
    """
    has_texts = _may_have(text, _DATA_URL)
    if has_texts or _may_have(text, _PICTURE):
        try:
            members = list(_members(text, with_texts=has_texts and new_pictures()))
            return _taken_apart(text, members, check)
        except (msgspec.DecodeError, UnicodeError, RecursionError, _NotPlain):
            pass
    check(text)
    return Drawing(JsonText(text))


def _may_have(text: bytes, member: bytes) -> bool:
    """Whether a file in a scene may have a member; searched from behind, where `files` are."""
    return not text.endswith(_NO_FILES) and text.rfind(member) >= 0


class _NotPlain(Exception):
    """A scene that is better left as it is."""


def unknown_picture(picture: str) -> Unprocessable:
    """A file refers to what is no picture of its owner."""
    text = f"There is no picture {picture[:200]}."
    return Unprocessable("unknown_picture", text, errors={"data": [text]})


# Members that may have to go: found in the text by their names, wherever they are

_DATA_URL, _PICTURE = b'"dataURL"', b'"picture"'

# How browsers end a drawing without pictures: of several members `files` the last one counts.
_NO_FILES = (b',"files":{}}', b', "files": {}}')

_BEFORE_TEXT = re.compile(rb'"dataURL"[ \t\r\n]*+:[ \t\r\n]*+"')
_ADDRESS = re.compile(
    rb'"picture"[ \t\r\n]*+:[ \t\r\n]*+(")(?:/api/pad/[0-9a-f-]{36}/pictures/)?([0-9a-f]{64})"'
)
_SPACE = b" \t\r\n"
_MOST_SPACE = 64  # before a member; scenes with more are left as they are
_COMMA_AFTER = re.compile(rb"[ \t\r\n]*+,")
_MOST_BACKSLASHES = 64  # before a quotation mark
_MOST_ESCAPES = 1_000  # quotation marks in a text; a longer search is not worth it


class _Member(NamedTuple):
    """A member in the text of a scene: where its name begins, where its value begins and ends."""

    name: int
    value: int
    end: int
    digest: str | None  # if it refers to a picture, instead of being its text

    def cut(self, text: bytes) -> tuple[int, int]:
        """What goes with it: the member and the comma that is one too many without it."""
        before = text[max(0, self.name - _MOST_SPACE) : self.name]
        spaces = len(before) - len(before.rstrip(_SPACE))
        if before[: len(before) - spaces].endswith(b","):
            return self.name - spaces - 1, self.end
        comma = _COMMA_AFTER.match(text, self.end)
        return self.name, comma.end() if comma else self.end


def _members(text: bytes, *, with_texts: bool) -> Iterator[_Member]:
    """The members that are, or refer to, pictures if they are where pictures are."""
    begin = 0
    for member in _long_texts(text) if with_texts else ():
        yield from _addresses(text, begin, member.name)
        yield member
        begin = member.end
    yield from _addresses(text, begin, len(text))


def _long_texts(text: bytes) -> Iterator[_Member]:
    at = text.find(_DATA_URL)
    for _ in range(MOST_MEMBERS):
        if at < 0:
            return
        found = _BEFORE_TEXT.match(text, at)
        value = found.end() - 1 if found else at + 1
        end = _end_of_string(text, value) if found else value
        if end - value > _LONGEST_INSIDE + len('""'):
            yield _Member(at, value, end, None)
        at = text.find(_DATA_URL, end)
    raise _NotPlain


def _end_of_string(text: bytes, begin: int) -> int:
    """Where the string that begins there ends."""
    end = text.find(b'"', begin + 1)
    for _ in range(_MOST_ESCAPES):
        if end < 0:
            break
        before = text[max(begin + 1, end - _MOST_BACKSLASHES) : end]
        backslashes = len(before) - len(before.rstrip(b"\\"))
        if backslashes == _MOST_BACKSLASHES:  # and perhaps more
            break
        if backslashes % 2 == 0:
            return end + 1
        end = text.find(b'"', end + 1)
    raise _NotPlain


def _addresses(text: bytes, begin: int, end: int) -> Iterator[_Member]:
    at = text.find(_PICTURE, begin, end)
    for _ in range(MOST_MEMBERS):
        if at < 0:
            return
        found = _ADDRESS.match(text, at, end)
        if found:
            yield _Member(at, found.start(1), found.end(), found[2].decode())
        at = text.find(_PICTURE, at + 1, end)
    raise _NotPlain


# Which of them are where pictures are: read from a short text, where marks stand for the values


class _File(Struct):
    dataURL: Raw | UnsetType = UNSET  # noqa: N815
    picture: Raw | UnsetType = UNSET


class _Scene(Struct):
    files: dict[str, _File] = {}


_decode = msgspec.json.Decoder(_Scene).decode


def _taken_apart(text: bytes, members: list[_Member], check: Callable[[bytes], None]) -> Drawing:
    """Raises DecodeError, UnicodeError or _NotPlain if the scene is to be left as it is."""
    secret = token_bytes(16).hex()  # so that no scene contains a mark already
    marks = {f'"{secret}:{number}"'.encode(): each for number, each in enumerate(members)}
    short = _replaced(text, [(each.value, each.end, mark) for mark, each in marks.items()])
    check(short)
    apart, digests, contents = dict[str, _Member](), dict[str, str](), dict[str, memoryview]()
    by_reference = dict[str, str]()
    for file_id, file in _decode(short).files.items():
        member = _picture_of(file, marks)
        digest = member and (member.digest or _digest(text, member))
        if member and digest:
            apart[file_id], digests[file_id] = member, digest
            if member.digest:
                by_reference[file_id] = digest
            else:
                contents[digest] = memoryview(text)[member.value : member.end]
    scene = _replaced(text, [(*each.cut(text), b"") for each in apart.values()])
    _check(scene, apart)
    return Drawing(JsonText(scene), digests, contents, by_reference)


def _picture_of(file: _File, marks: dict[bytes, _Member]) -> _Member | None:
    """The text of a file's picture, or the reference to it; None if it is not to be taken out."""
    if file.dataURL is not UNSET:
        return marks.get(bytes(file.dataURL))
    if file.picture is UNSET:
        return None
    member = marks.get(bytes(file.picture))
    if not member:
        raise unknown_picture(bytes(file.picture).decode())
    return member


def _digest(text: bytes, member: _Member) -> str | None:
    """The SHA-256 of the text that a member's value stands for; None if it is a short one."""
    begin, end = member.value + 1, member.end - 1
    if text.find(b"\\", begin, end) < 0:
        return sha256(memoryview(text)[begin:end]).hexdigest()
    plain = msgspec.json.decode(memoryview(text)[member.value : member.end], type=str).encode()
    if b"\0" in plain:  # which PostgreSQL is to refuse
        raise _NotPlain
    return sha256(plain).hexdigest() if len(plain) > _LONGEST_INSIDE else None


def _replaced(text: bytes, replacements: Iterable[tuple[int, int, bytes]]) -> bytes:
    """The text with other bytes in some places."""
    parts, at = list[bytes | memoryview](), 0
    view = memoryview(text)
    for begin, end, new in sorted(replacements):
        parts += [view[at:begin], new]
        at = end
    return b"".join([*parts, view[at:]])


def _check(scene: bytes, apart: dict[str, _Member]) -> None:
    """Raise _NotPlain if a file still has what was taken out of it, as names can repeat."""
    files = _decode(scene).files
    for file_id, member in apart.items():
        left = files[file_id]
        if left.dataURL is not UNSET or (member.digest and left.picture is not UNSET):
            raise _NotPlain


# Back into scenes

PutBack = Callable[[str], Sequence[Buffer] | None]
"""The member that stands for the picture with a digest, in pieces; None if there is none."""


class Contents(Protocol):
    """The texts of pictures by digest: a mapping, or what asks for each."""

    def get(self, digest: str, /) -> JsonText | None:
        """A picture as JSON; None if there is none."""


def texts(contents: Contents) -> PutBack:
    """Puts back the texts of pictures, which are JSON by digest."""

    def member(digest: str) -> Sequence[Buffer] | None:
        content = contents.get(digest)
        return (b'"dataURL": ', content.json) if content else None

    return member


def addresses(pad_id: UUID) -> PutBack:
    """Puts in place of pictures where a pad has them."""
    return _addresses_below(f"/api/pad/{pad_id}")


def shared_addresses(token: str) -> PutBack:
    """Puts in place of pictures where whoever has a share link finds them."""
    return _addresses_below(f"/api/shared/{token}")


def _addresses_below(place: str) -> PutBack:
    return lambda digest: (f'"picture": "{place}/pictures/{digest}"'.encode(),)


def put_back(
    scene: JsonText, files: JsonText | None, pictures: JsonText | None, member_for: PutBack
) -> JsonText | JsonPieces:
    """A scene with a member for each picture that was taken out of the files that come beside it.

    One without files beside it is whole as it is.
    """
    if not (files and pictures):
        return scene
    return JsonPieces(tuple(pieces_with(scene, files, pictures, member_for)))


def pieces_with(
    scene: JsonText, files: JsonText, pictures: JsonText, member_for: PutBack
) -> Iterator[Buffer]:
    """The same in pieces, each asked for when its turn comes."""
    rest = memoryview(scene.json)[:-1]
    yield rest
    yield b', "files": ' if len(rest) > 1 else b'"files": '
    yield from _whole(files, pictures, member_for)
    yield b"}"


def _whole(files: JsonText, pictures: JsonText, member_for: PutBack) -> Iterator[Buffer]:
    digests = msgspec.json.decode(pictures.json, type=dict[str, str])
    try:
        entries = _object(files.json)
    except msgspec.ValidationError:  # written by somebody else since
        yield files.json
        return
    before = b"{"
    for file_id, entry in entries.items():
        digest = digests.get(file_id)
        member = digest and member_for(digest)
        yield from (before, orjson.dumps(file_id), b": ")
        yield from _with_member(bytes(entry), member) if member else [entry]
        before = b", "
    yield b"}" if entries else b"{}"


def _with_member(entry: bytes, member: Sequence[Buffer]) -> list[Buffer]:
    """An entry of `files` with one more member; as it is, if it has a picture of its own."""
    try:
        file = _object(entry)
    except msgspec.ValidationError:
        return [entry]
    if "dataURL" in file:
        return [entry]
    if "picture" in file and bytes(member[0]).startswith(_PICTURE):
        del file["picture"]
        entry = msgspec.json.encode(file)
    return [b"{", *member, b"}" if entry == b"{}" else b", " + entry[1:]]


def _object(text: Buffer) -> dict[str, Raw]:
    """The members of an object. Raises ValidationError if it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Raw])
    except RecursionError:  # PostgreSQL takes what nests deeper than that
        return dict(_members_of_deep(bytes(text)))


_TOKEN = re.compile(rb'"[^"]*"|[][{},]')


def _members_of_deep(text: bytes) -> Iterator[tuple[str, Raw]]:
    """The members of an object that PostgreSQL has printed, however deep they are."""
    if not text.startswith(b"{"):
        raise msgspec.ValidationError
    # What is escaped is no token; nothing changes its place.
    plain = text.replace(rb"\\", b"__").replace(rb"\"", b"__")
    depth, begin = 0, 1
    for token in _TOKEN.finditer(plain):
        depth += (token[0] in b"[{") - (token[0] in b"]}")
        if depth == 0 or (depth == 1 and token[0] == b","):
            name_end = plain.index(b'"', plain.index(b'"', begin) + 1) + 1
            value = text[name_end + len(b": ") : token.start()]
            yield orjson.loads(text[begin:name_end]), Raw(value)
            begin = token.end()
