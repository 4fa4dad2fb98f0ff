"""Sessions of HTTP: how the network is reached, the same for App Store Connect and for the stores it links to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from asc.api.address import HOST, is_loopback


@dataclass(frozen=True)
class Settings:
    """How to reach App Store Connect. `retry_for` is in seconds, counted from the first failure of a request."""

    url: str = HOST
    ca_bundle: str | None = None
    retry_for: float = 120.0
    user_agent: str = "app-store-connect-actions"

    @property
    def is_local(self) -> bool:
        """Whether it is the sandbox on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


def open_session(settings: Settings, connections: int, block: int = 16 * 1024) -> requests.Session:
    """A session that keeps up to `connections` open, and sends bodies in blocks of `block` bytes."""
    session = _Session()
    adapter = _Adapter(block, connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.clear()
    session.headers.update({"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"})
    # Off for the loopback sandbox: a proxy would not reach it. On, requests reads the proxy variables.
    session.trust_env = not settings.is_local
    session.verify = settings.ca_bundle or True
    return session


class _Session(requests.Session):
    """Follows no redirect, nor looks where it leads, for which requests would read all of the body."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _Adapter(requests.adapters.HTTPAdapter):
    """Repeats nothing by itself."""

    def __init__(self, block: int, connections: int) -> None:
        self._block = block
        super().__init__(pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **rest: Any) -> None:
        """Makes the pool with our block size."""
        super().init_poolmanager(connections, maxsize, block, blocksize=self._block, **rest)
