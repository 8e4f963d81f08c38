"""The provider's signing keys, and what they prove."""

from __future__ import annotations

import threading
import time
from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# What a provider may sign with: nothing that whoever knows its public keys could sign with too.
ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_ASYMMETRIC_ONLY = JWSRegistry(algorithms=[*ASYMMETRIC, "EdDSA"], strict_check_header=False)

# A flood of unknown key ids asks the provider no more often than this (seconds).
_REFETCH_EVERY = 60.0


class SigningKeys:
    """The key set of one provider; fetched again when a token names a key that is not in it."""

    def __init__(self, client: FlaskOAuth2App):
        self._client = client
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = 0.0

    def verified(self, token: str) -> jwt.Token:
        """Header and claims of a JWT that the provider has signed. Raises JoseError or ValueError.

        Only the signature is checked: issuer, audience and times are the caller's to look at.
        """
        keys = self._keys or self._fetch(older_than=time.monotonic())
        try:
            return self._decode(token, keys)
        except InvalidKeyIdError:
            return self._decode(token, self._fetch(older_than=time.monotonic() - _REFETCH_EVERY))

    @staticmethod
    def _decode(token: str, keys: KeySet) -> jwt.Token:
        return jwt.decode(token, keys, registry=_ASYMMETRIC_ONLY)

    def _fetch(self, *, older_than: float) -> KeySet:
        """The key set, fetched unless another thread has done so, or it was done lately."""
        with self._lock:
            if self._keys is None or self._fetched_at < older_than:
                fetched: Any = self._client.fetch_jwk_set(force=True)
                self._keys = KeySet.import_key_set(fetched)
                self._fetched_at = time.monotonic()
            return self._keys
