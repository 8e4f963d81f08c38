"""Whether a request brings a token of its own: then its cookie is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def bearer_authorization(wsgi: WSGIEnvironment) -> str | None:
    """The `Authorization` header if its scheme is Bearer, whatever follows; else `None`.

    Other schemes (Basic, Negotiate, Digest) are for a proxy in front. Browsers add them on their
    own, so they neither replace the cookie nor excuse another site's write.
    """
    header: str | None = wsgi.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, _ = header.strip().replace("\t", " ").partition(" ")
    return header if scheme.lower() == "bearer" else None
