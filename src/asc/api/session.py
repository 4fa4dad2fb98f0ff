"""Sessions of HTTP: how the network is reached, the same for App Store Connect and for the stores it links to."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3

from asc.errors import SetupError

HOST = "https://api.appstoreconnect.apple.com"
HOST_IN_HOUSE = "https://api.enterprise.developer.apple.com"


def check_base_url(url: str) -> str:
    """Returns `url` without a trailing slash. Raises SetupError unless a bearer token may be sent there."""
    parts = split(url)
    if not parts or parts.username or parts.password or parts.query or parts.fragment:
        raise SetupError(
            "ASC_API_URL is not the address of a server.",
            "Write it like https://host or http://127.0.0.1:8080.",
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SetupError(
            f"ASC_API_URL ({parts.scheme}://{parts.hostname}) is neither https nor this machine.",
            "The key's token is only sent over https or to the loopback address.",
        )
    return url.rstrip("/")


def split(url: str) -> SplitResult | None:
    """The parts of an address; None for a text that is none, whatever urlsplit makes of it."""
    try:
        parts = urlsplit(url)
        requests.Request("GET", url).prepare()  # the other parser that it must get past
        (parts.hostname or "").encode("idna")  # a label that is too long
        return parts if parts.hostname and parts.port != 0 and re.fullmatch(r"[!-~]+", url) else None
    except (ValueError, urllib3.exceptions.HTTPError):
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SLOWEST_BLOCK = 60.0
"""Seconds that a block of a body may take: uplinks are slow, and parts of a file share them."""


@dataclass(frozen=True)
class Settings:
    """How to reach App Store Connect.

    `retry_for` is in seconds, counted from the first failure of a request; `wait_for_budget` as well, from the first
    time that it is refused since the requests of the hour are used up.
    """

    url: str = HOST
    ca_bundle: str | None = None
    retry_for: float = 120.0
    wait_for_budget: float = 3600.0
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


@contextlib.contextmanager
def ended_after(response: requests.Response, seconds: float) -> Iterator[None]:
    """End the reading of `response` within the block after `seconds`, however it trickles."""
    # A read timeout starts again with each byte, and a chunk's head is read byte by byte.
    with _timer(seconds, response.raw.shutdown):
        yield


@contextlib.contextmanager
def _timer(seconds: float, act: Callable[[], object]) -> Iterator[threading.Event]:
    """Call `act` unless the block ends within `seconds`. Yields an event that tells whether it was called."""
    called = threading.Event()

    def late() -> None:
        called.set()
        with contextlib.suppress(OSError, ValueError, AttributeError):  # gone already
            act()

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield called
    finally:
        timer.cancel()


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
        """Makes the pool with our block size and our connections."""
        super().init_poolmanager(connections, maxsize, block, blocksize=self._block, **rest)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **rest: Any) -> urllib3.ProxyManager:
        """The same behind a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, blocksize=self._block, **rest)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Impatient:
    """A connection that waits for the whole head of an answer as long as for a byte of it.

    A server that sends a header line now and then, or “100 Continue” for ever, is as silent as one that says nothing.
    """

    timeout: Any
    sock: Any

    def _tunnel(self) -> None:
        """Ask the proxy for a tunnel. Raises ConnectTimeoutError when its answer takes too long."""
        # The answer to CONNECT is read line by line, before there is any request to wait for; each byte starts the
        # socket's timeout again.
        seconds = self.timeout if isinstance(self.timeout, int | float) else SLOWEST_BLOCK
        with _timer(seconds + 0.25, self._hang_up) as late:
            try:
                super()._tunnel()  # type: ignore[misc]
            except Exception:
                if not late.is_set():
                    raise
        if late.is_set():
            raise urllib3.exceptions.ConnectTimeoutError(self, "timed out")

    def request(self, *given: Any, **named: Any) -> None:
        """Sends. urllib3 would give each block of a body no longer than a connection may take to be made."""
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if isinstance(self.timeout, int | float):
            self.timeout = max(self.timeout, SLOWEST_BLOCK)
        super().request(*given, **named)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """The answer, read up to its body."""
        patience = self.timeout if isinstance(self.timeout, int | float) else None
        if patience is None:
            return super().getresponse()  # type: ignore[misc]
        # A moment later than the socket's own timeout, whose words fit silence better.
        with _timer(patience + 0.25, self._hang_up):
            return super().getresponse()  # type: ignore[misc]

    def _hang_up(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)


class _HttpConnection(_Impatient, urllib3.connection.HTTPConnection):
    """Plain."""


class _HttpsConnection(_Impatient, urllib3.connection.HTTPSConnection):
    """Encrypted."""


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}
