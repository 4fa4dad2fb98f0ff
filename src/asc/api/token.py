"""The bearer token: an ES256 JWT made from the API key, renewed before it expires.

https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from asc.api.key.model import ApiKey

AUDIENCE = "appstoreconnect-v1"
AUDIENCE_IN_HOUSE = "apple-developer-enterprise-v1"
# exp − iat must not exceed the lifetime that the key allows, so the seconds are part of the lifetime.
_BACK_DATE = 30
"""Seconds that `iat` lies in the past, for clocks that run ahead of Apple's."""


class TokenSource:
    """Hands out the current token. Safe to use from several threads.

    `now` returns Apple's time in seconds since the epoch. `on_new` is called with each token before its first use, so
    that it can be masked.
    """

    def __init__(
        self, key: ApiKey, now: Callable[[], float], on_new: Callable[[str], None] = lambda token: None
    ):
        self._key = key
        self._now = now
        self._on_new = on_new
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = float("-inf")

    def token(self) -> str:
        """Return the current token. Make a new one if less than a quarter of its lifetime is left."""
        with self._lock:
            now = self._now()
            if now >= self._renew_at:
                self._token, self._renew_at = (
                    self._make(now),
                    now + self._key.lifetime * 0.75 - self._back_date,
                )
                self._on_new(self._token)
            return self._token

    def forget(self, refused: str) -> None:
        """Discard the token `refused`, unless another thread has replaced it already."""
        with self._lock:
            if self._token == refused:
                self._renew_at = float("-inf")

    @property
    def _back_date(self) -> int:
        return min(_BACK_DATE, self._key.lifetime // 10)

    def _make(self, now: float) -> str:
        import jwt

        issued = int(now) - self._back_date
        who = {"iss": self._key.issuer_id} if self._key.issuer_id else {"sub": "user"}
        audience = AUDIENCE_IN_HOUSE if self._key.in_house else AUDIENCE
        claims = {**who, "iat": issued, "exp": issued + self._key.lifetime, "aud": audience}
        return jwt.encode(claims, self._key.private_key, algorithm="ES256", headers={"kid": self._key.key_id})
