"""The provider's signing keys, and tokens verified with them."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import Any

import requests
from authlib.integrations.flask_client import FlaskOAuth2App
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    DecodeError,
    InvalidKeyCurveError,
    InvalidKeyIdError,
    InvalidKeyTypeError,
    JoseError,
)
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# What a provider may sign with: nothing that anybody with its public keys could sign with too.
ASYMMETRIC = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
]
_ASYMMETRIC_ONLY = JWSRegistry(algorithms=ASYMMETRIC, strict_check_header=False)

# What a token of a key that we do not have looks like: its id is new, or stands for another key.
_OF_ANOTHER_KEY = (InvalidKeyIdError, BadSignatureError, InvalidKeyTypeError, InvalidKeyCurveError)

# However many tokens of unknown keys come, the keys are fetched no more often than this (seconds).
_REFETCH_EVERY = 60.0

# A key that the provider has withdrawn is not trusted for longer than this (seconds).
_TRUSTED_FOR = 600.0


class SigningKeys:
    """The key set of one provider; fetched again when a token is of a key that is not in it."""

    def __init__(self, client: FlaskOAuth2App):
        self._client = client
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = self._refetched_at = -math.inf

    def verified(self, token: str, *, from_provider: bool = False) -> jwt.Token:
        """Header and claims of a JWT that the provider has signed. Raises JoseError or ValueError.

        Only the signature is checked; issuer, audience and times are left to the caller.
        `from_provider` is for an access token that the provider itself has just sent: for a new
        key id in it the keys are fetched as often as it takes. A bad signature does not count, as
        some providers send access tokens that only they can check.
        """
        return self._verified(token, at_once=(InvalidKeyIdError,) if from_provider else ())

    def verified_id_token(self, token: str) -> jwt.Token:
        """`verified` for an ID token that the provider itself has just sent."""
        return self._verified(token, at_once=_OF_ANOTHER_KEY)

    def _verified(self, token: str, *, at_once: tuple[type[JoseError], ...]) -> jwt.Token:
        keys = self._current()
        try:
            return self._decode(token, keys)
        except _OF_ANOTHER_KEY as error:
            newer = self._newer_than(keys, at_once=isinstance(error, at_once))
            return self._decode(token, newer)

    @staticmethod
    def _decode(token: str, keys: KeySet) -> jwt.Token:
        try:
            return jwt.decode(token, keys, registry=_ASYMMETRIC_ONLY)
        except (TypeError, LookupError, AttributeError) as error:  # a header with wrong types
            raise DecodeError from error

    def _current(self) -> KeySet:
        """The key set, fetched again when it is too old, if the provider answers."""
        with self._lock:
            if self._keys is None:
                return self._fetch()
            if time.monotonic() - self._fetched_at > _TRUSTED_FOR:
                with contextlib.suppress(requests.RequestException):
                    return self._fetch()
            return self._keys

    def _newer_than(self, keys: KeySet, *, at_once: bool) -> KeySet:
        """The key set that another thread has fetched, or that may be fetched now; else `keys`."""
        with self._lock:
            now = time.monotonic()
            if self._keys is keys and (at_once or now - self._refetched_at > _REFETCH_EVERY):
                self._refetched_at = now
                return self._fetch()
            return self._keys or keys

    def _fetch(self) -> KeySet:
        """The provider's key set. Raises requests.RequestException when it cannot be fetched."""
        try:
            fetched: Any = self._client.fetch_jwk_set(force=True)
            self._keys = KeySet.import_key_set(fetched)
        except (JoseError, ValueError, TypeError, LookupError, RuntimeError) as error:
            raise requests.exceptions.InvalidJSONError("This is not a key set.") from error
        self._fetched_at = time.monotonic()
        return self._keys
