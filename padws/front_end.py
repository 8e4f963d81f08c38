"""The front end's build, served before a request reaches Flask, compressed where that helps."""

from __future__ import annotations

import gzip
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

import brotli
from flask import Flask
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor
from whitenoise.responders import Response, StaticFile

from padws import security_headers
from padws.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Strong enough and fast: 10 MB of scripts take less than half a second, once for each worker.
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda data: brotli.compress(data, quality=5),
    "gzip": lambda data: gzip.compress(data, 6, mtime=0),
}
_SMALLEST = 1_000  # bytes: anything smaller fits into a packet
_LARGEST = 10_000_000
_MOST_IN_MEMORY = 64_000_000  # bytes of compressed files that a worker keeps
_WORTH_IT = 0.95  # of the size
#: The addresses of board/src/router.ts.
_VIEW = re.compile(r"/pads/[0-9a-fA-F-]{36}(/history)?|/account|/trash|/admin")
#: The address behind a share link, which has headers of its own.
_SHARED = re.compile(r"/shared/[^/]+")
_OF_VARIANTS = ("Content-Encoding", "Content-Length")


def serve(app: Flask, settings: Settings) -> None:
    """Serve the files of STATIC_DIR and ASSETS_DIR where they are set, else the board."""
    if settings.static_dir:
        files = FrontEnd(app.wsgi_app, settings.static_dir, security_headers.of_front_end(settings))
        if settings.assets_dir:
            files.add_files(str(settings.assets_dir), prefix="/assets")
        app.wsgi_app = files  # type: ignore[method-assign]
    elif settings.board_dir:
        app.wsgi_app = _Board(app.wsgi_app, settings.board_dir, settings)  # type: ignore[method-assign]


class FrontEnd(WhiteNoise):  # type: ignore[misc]  # untyped
    """WhiteNoise, with compressed variants of files that have none beside them.

    STATIC_DIR may be read-only: a file is compressed in memory when it is first asked for.
    """

    def __init__(self, app: WSGIApplication, root: Path, fixed_headers: Mapping[str, str]):
        self._fixed_headers = fixed_headers
        self._compressor = Compressor(quiet=True)
        self._free = _MOST_IN_MEMORY
        self._encoded: dict[tuple[str, str], bytes | None] = {}
        self._lock = threading.Lock()
        super().__init__(app, root=str(root), prefix="/", allow_all_origins=False)
        self.add_files(str(root), prefix="/static")
        if "/index.html" in self.files:
            self.add_file_to_dictionary("/", str(root.resolve() / "index.html"))

    def serve(
        self, static_file: _File, wsgi: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Send a file; what cannot be done with it is for the application to refuse."""
        answer: Iterable[bytes]
        if wsgi["REQUEST_METHOD"] in ("GET", "HEAD"):
            with suppress(FileNotFoundError):  # somebody has removed it since the start
                answer = super().serve(static_file, wsgi, start_response)
                return answer
        answer = self.application(wsgi, start_response)
        return answer

    def immutable_file_test(self, _path: str, url: str) -> bool:
        """Whether a file never changes under its name: builds name assets by their content."""
        return url.startswith("/assets/")

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> _File:
        """The object that answers requests for a file."""
        file = super().get_static_file(path, url, stat_cache=stat_cache)
        pairs = file.alternatives[0][2]
        headers = Headers([(name, value) for name, value in pairs if name not in _OF_VARIANTS])
        for name, value in self._fixed_headers.items():
            headers[name] = value
        if url == "/":
            headers["Cache-Control"] = "no-cache"
        codings = (
            (dict(pairs).get("Content-Encoding"), path) for _, path, pairs in file.alternatives
        )
        found = {coding: path for coding, path in codings if coding}
        if not found and self._may_shrink(path):
            headers["Vary"] = "Accept-Encoding"
            return _File(path, headers, found, self._encode)
        return _File(path, headers, found)

    def _may_shrink(self, path: str) -> bool:
        size = Path(path).stat().st_size
        return _SMALLEST <= size <= _LARGEST and bool(self._compressor.should_compress(path))

    def _encode(self, path: str, coding: str) -> bytes | None:
        """The file in a coding; None where that is not worth it, or no room is left for it."""
        with self._lock:
            if (path, coding) not in self._encoded:
                self._encoded[path, coding] = self._keep(Path(path).read_bytes(), coding)
            return self._encoded[path, coding]

    def _keep(self, data: bytes, coding: str) -> bytes | None:
        encoded = _ENCODERS[coding](data)
        if len(encoded) > min(self._free, _WORTH_IT * len(data)):
            return None
        self._free -= len(encoded)
        return encoded


class _Board(FrontEnd):
    """The board: each of its views has an address of its own, and the same page."""

    def __init__(self, app: WSGIApplication, root: Path, settings: Settings):
        super().__init__(app, root, security_headers.of_board(settings))
        self._fixed_headers = security_headers.of_boards_links(settings)
        self._shared = self.get_static_file(str(root.resolve() / "index.html"), "/")

    def __call__(self, wsgi: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or leave that to the application."""
        if _VIEW.fullmatch(wsgi["PATH_INFO"]):
            return self.serve(self.files["/"], wsgi, start_response)
        if _SHARED.fullmatch(wsgi["PATH_INFO"]):
            return self.serve(self._shared, wsgi, start_response)
        answer: Iterable[bytes] = super().__call__(wsgi, start_response)
        return answer


class _File:
    """A file in its codings, each with an ETag of its own; WhiteNoise's would share one."""

    def __init__(
        self,
        path: str,
        headers: Headers,
        found: Mapping[str, str],
        encode: Callable[[str, str], bytes | None] | None = None,
    ):
        self._path = path
        self._headers = headers
        self._encode = encode
        self._plain = StaticFile(path, headers.items())
        self._variants: dict[str, StaticFile | None] = {
            coding: StaticFile(place, _of_variant(headers, coding))
            for coding, place in found.items()
        }

    def get_response(self, method: str, wsgi: WSGIEnvironment) -> Response:
        """The answer to a request, in the best coding that the client takes."""
        accepted = parse_accept_header(wsgi.get("HTTP_ACCEPT_ENCODING", ""), Accept)
        takes = {value.lower() for value, quality in accepted if quality > 0}
        for coding in _ENCODERS:
            if coding in takes and (variant := self._variant(coding)):
                return variant.get_response(method, wsgi)
        return self._plain.get_response(method, wsgi)

    def _variant(self, coding: str) -> StaticFile | None:
        if coding not in self._variants and self._encode:
            data = self._encode(self._path, coding)
            headers = _of_variant(self._headers, coding)
            self._variants[coding] = None if data is None else _InMemory(self._path, headers, data)
        return self._variants.get(coding)


class _InMemory(StaticFile):  # type: ignore[misc]  # untyped
    """A file whose content is not that on the disk."""

    def __init__(self, path: str, headers: list[tuple[str, str]], data: bytes):
        stat = os.stat(path)  # noqa: PTH116 - a tuple, of which the size is one
        self._data = data
        sized = os.stat_result((*stat[:6], len(data), *stat[7:10]))
        super().__init__(path, headers, stat_cache={path: sized})

    def get_response(self, method: str, wsgi: WSGIEnvironment) -> Response:
        """The answer that the file would get, without opening it."""
        if method != "GET":
            return super().get_response(method, wsgi)
        answer = super().get_response("HEAD", wsgi)
        if answer.status == HTTPStatus.OK:
            answer.file = BytesIO(self._data)
        elif answer.status == HTTPStatus.PARTIAL_CONTENT:
            first, last = re.findall(r"\d+", Headers(answer.headers)["Content-Range"] or "")[:2]
            answer.file = BytesIO(self._data[int(first) : int(last) + 1])
        return answer


def _of_variant(headers: Headers, coding: str) -> list[tuple[str, str]]:
    """The headers of a file in a coding."""
    variant = Headers(headers.items())
    variant["Content-Encoding"] = coding
    variant["ETag"] = f'"{str(headers["ETag"]).strip(chr(34))}-{coding}"'
    return variant.items()
