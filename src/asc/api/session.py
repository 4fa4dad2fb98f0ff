"""HTTP sessions: how App Store Connect and the stores that it links to are reached."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3

from asc.api.deadline import deadline
from asc.errors import SetupError

HOST = "https://api.appstoreconnect.apple.com"
HOST_IN_HOUSE = "https://api.enterprise.developer.apple.com"


def check_base_url(url: str) -> str:
    """Return `url` without a trailing slash. Raises SetupError unless a bearer token may be sent there."""
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
    """Return the parts of an address, or None if the text is not an address."""
    try:
        parts = urlsplit(url)
        # urllib3 reads some addresses differently than urlsplit: both must accept it.
        requests.Request("GET", url).prepare()  # the other parser that it must get past
        (parts.hostname or "").encode("idna")  # a label that is too long
        return parts if parts.hostname and parts.port != 0 and re.fullmatch(r"[!-~]+", url) else None
    except (ValueError, urllib3.exceptions.HTTPError):
        return None


def is_loopback(host: str) -> bool:
    """Return True if a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(address: str) -> bool:
    """Return True if an IP address is in the public internet."""
    return ipaddress.ip_address(address).is_global


SLOWEST_BLOCK = 60.0
"""Seconds that one block of a body may take. Uplinks are slow, and several parts of a file share them."""


@dataclass(frozen=True)
class Settings:
    """How to reach App Store Connect.

    `retry_for` is in seconds from the first failure of a request. `wait_for_budget` is in seconds from the first
    refusal because the budget of the hour is used up.
    """

    url: str = HOST
    ca_bundle: str | None = None
    retry_for: float = 120.0
    wait_for_budget: float = 3600.0
    user_agent: str = "app-store-connect-actions"

    @property
    def is_local(self) -> bool:
        """Return True if the address is the sandbox on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


class NotPublic(urllib3.exceptions.HTTPError):
    """A connection led to an address that is not in the public internet, and was closed before anything was sent."""


def open_session(
    settings: Settings, connections: int, block: int = 16 * 1024, *, public_only: bool = False
) -> requests.Session:
    """Return a session with up to `connections` open connections, which sends bodies in blocks of `block` bytes.

    With `public_only`, a connection that goes to no address of the public internet raises NotPublic. The connection
    to a proxy may go anywhere.
    """
    session = _Session()
    adapter = _Adapter(block, connections, _PUBLIC_POOLS if public_only else _POOLS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.clear()
    session.headers.update({"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"})
    # The variables of a proxy must not apply to the sandbox: no proxy can reach the loopback address.
    session.trust_env = not settings.is_local
    session.verify = settings.ca_bundle or True
    return session


def no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, not even the ones of a .netrc file. It is for the argument `auth` of requests."""
    return request


@contextlib.contextmanager
def ended_after(response: requests.Response, seconds: float) -> Iterator[None]:
    """Within the block, end the reading of `response` after `seconds`, even if bytes keep trickling in."""
    # A read timeout starts again with each byte, and a chunk's head is read byte by byte.
    with deadline(seconds, response.raw.shutdown):
        yield


class _Session(requests.Session):
    """A session that follows no redirect."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None for every answer. Otherwise requests would read the whole body first."""


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections with our block size, which repeat nothing by themselves."""

    def __init__(self, block: int, connections: int, pools: dict[str, type[Any]]) -> None:
        self._block = block
        self._pools = pools
        super().__init__(pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **rest: Any) -> None:
        """Create the pool with our block size and our connections."""
        super().init_poolmanager(connections, maxsize, block, blocksize=self._block, **rest)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **rest: Any) -> urllib3.ProxyManager:
        """Create the pool for a proxy with our block size and our connections."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, blocksize=self._block, **rest)
        manager.pool_classes_by_scheme = _POOLS
        return manager


# A server that sends a header line now and then, or “100 Continue” for ever, would otherwise hold the step for ever.
class _Impatient:
    """A connection with a time limit for the whole head of an answer, not only for each byte of it."""

    timeout: Any
    sock: Any

    def _tunnel(self) -> None:
        """Ask the proxy for a tunnel. Raises ConnectTimeoutError if its answer takes too long."""
        # The answer to CONNECT is read line by line, before there is any request to wait for; each byte starts the
        # socket's timeout again.
        seconds = self.timeout if isinstance(self.timeout, int | float) else SLOWEST_BLOCK
        with deadline(seconds + 0.25, self._hang_up) as passed:
            try:
                super()._tunnel()  # type: ignore[misc]
            except Exception:
                if not passed.late:
                    raise
        if passed.late:
            raise urllib3.exceptions.ConnectTimeoutError(self, "timed out")

    def request(self, *given: Any, **named: Any) -> None:
        """Send a request. Give each block of the body SLOWEST_BLOCK seconds."""
        # Without this, urllib3 gives each block of a body only the time limit of the connection.
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if isinstance(self.timeout, int | float):
            self.timeout = max(self.timeout, SLOWEST_BLOCK)
        super().request(*given, **named)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Return the answer after its head was read."""
        patience = self.timeout if isinstance(self.timeout, int | float) else None
        if patience is None:
            return super().getresponse()  # type: ignore[misc]
        # A moment later than the socket's own timeout, whose words fit silence better.
        with deadline(patience + 0.25, self._hang_up):
            return super().getresponse()  # type: ignore[misc]

    def _hang_up(self) -> None:
        self.sock.shutdown(socket.SHUT_RDWR)


class _HttpConnection(_Impatient, urllib3.connection.HTTPConnection):
    """A plain connection with this time limit."""


class _HttpsConnection(_Impatient, urllib3.connection.HTTPSConnection):
    """An encrypted connection with this time limit."""


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS: dict[str, type[Any]] = {"http": _HttpPool, "https": _HttpsPool}


# The address of the connection itself is looked at: a name that is resolved before may lead elsewhere a moment later.
class _Public:
    """A connection to the public internet alone."""

    def _new_conn(self) -> socket.socket:
        """Return a connected socket. Raises NotPublic."""
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        if is_public(connected.getpeername()[0]):
            return connected
        connected.close()
        raise NotPublic


class _PublicHttpConnection(_Public, _HttpConnection):
    """A plain connection to the public internet alone."""


class _PublicHttpsConnection(_Public, _HttpsConnection):
    """An encrypted connection to the public internet alone."""


class _PublicHttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicHttpConnection


class _PublicHttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicHttpsConnection


_PUBLIC_POOLS: dict[str, type[Any]] = {"http": _PublicHttpPool, "https": _PublicHttpsPool}
