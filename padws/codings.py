"""Content codings of request bodies (RFC 9110, 8.4): gzip and zstd."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from padws.errors import BadRequest, UnsupportedMediaType

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE = 262_144

# A window of 8 MB is what RFC 9659 allows on the web; without this a few bytes could ask for 2 GB.
_ZSTD_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}


def _open_gzip(body: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=body))


def _open_zstd(body: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, zstd.ZstdFile(body, options=_ZSTD_OPTIONS))


Opener = Callable[[BinaryIO], BinaryIO]

_OPENERS: dict[str, Opener] = {"gzip": _open_gzip, "x-gzip": _open_gzip, "zstd": _open_zstd}


def opener_of(header: str) -> Opener | None:
    """What undoes the coding that Content-Encoding names; `None` where it names none.

    Raises UnsupportedMediaType for any other coding, and for several.
    """
    names = [name.strip().lower() for name in header.split(",")]
    codings = [name for name in names if name not in ("", "identity")]
    if not codings:
        return None
    opener = _OPENERS.get(codings[0])
    if len(codings) > 1 or opener is None:
        raise UnsupportedMediaType(
            "content_coding_unknown", headers={"Accept-Encoding": "gzip, zstd"}
        )
    return opener


def pieces(body: bytes, opener: Opener) -> Iterator[bytes]:
    """The decoded body, piece by piece, whatever it grows to. Raises BadRequest if it is damaged.

    Several members or frames are one body; anything else behind the last one is damage.
    """
    try:
        with opener(io.BytesIO(body)) as decoded:
            while piece := decoded.read(_PIECE):
                yield piece
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        raise BadRequest("body_undecodable", f"The body cannot be decoded: {error}.") from error
