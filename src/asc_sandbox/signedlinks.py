"""Sign addresses that need no token, as Apple's storage does, and check them."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from asc_sandbox.clock import Clock


class SignedLinks:
    """Sign paths with the time at which they expire, with a secret of this object."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def sign(self, path: str, expires: float) -> str:
        """Return the path with its signature and its time, in seconds since the epoch."""
        text = f"{expires:.3f}"
        return f"{path}?expires={text}&signature={self._signature(path, text)}"

    def is_good(self, path: str, query: Mapping[str, str]) -> bool:
        """Return True if the signature is the one of this path and its time has not come."""
        expires = query.get("expires", "")
        # As bytes, because compare_digest refuses a text that is not ASCII.
        signature = self._signature(path, expires).encode()
        if not hmac.compare_digest(signature, query.get("signature", "").encode()):
            return False
        # The signature is good, so the sandbox has written this number.
        return float(expires) > self._clock.now()

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), "sha256").hexdigest()
