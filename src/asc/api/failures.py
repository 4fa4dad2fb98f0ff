"""How a request can fail on the wire, and whether it can have been applied all the same."""

from __future__ import annotations

import re

import requests

from asc.api import retry
from asc.errors import UnreachableError


class NotSent(Exception):
    """The connection was refused: the request surely was not applied."""


class Broken(Exception):
    """The connection broke or fell silent: whether the request was applied is not known."""


class NotJson(Broken):
    """A whole answer came, but not from App Store Connect."""


class TooLarge(NotJson):
    """The answer has more than `limit` bytes: it would not be smaller the next time."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit >> 20} MiB")


def proxy_wants_credentials() -> UnreachableError:
    """Return the error for a 407: it stays until somebody changes the proxy variable, so nothing is repeated."""
    return UnreachableError(
        "The proxy answered 407: it wants credentials, or did not accept those it was given.",
        "Write user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), percent-encoded.",
    )


def _tunnel_refused(status: int) -> NotSent | UnreachableError:
    if status == 407:
        return proxy_wants_credentials()
    if status in retry.PASSING_STATUSES or status == 429:
        return NotSent(f"the proxy answered CONNECT with {status}")
    return UnreachableError(
        f"The proxy answered CONNECT with {status}: it lets nobody through to this host.",
        "Let the proxy allow the host, or name the host in NO_PROXY.",
    )


def classify(error: Exception) -> NotSent | Broken | UnreachableError:
    """Says of a failed request whether it can have been applied. The texts of requests quote whole URLs: not ours."""
    text = repr(error)
    # http.client says no more of a refused CONNECT than this text.
    if refused := re.search(r"Tunnel connection failed: (\d{3})", text):
        return _tunnel_refused(int(refused[1]))
    if "certificate has expired" in text:
        return UnreachableError(
            "The certificate of App Store Connect's server has expired.",
            "Check the clock of this machine; behind a proxy that opens https, let the proxy renew its certificate.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return UnreachableError(
            "The certificate of App Store Connect's server was not accepted.",
            "Behind a proxy that opens https, name its authority's file with SSL_CERT_FILE.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Broken("the encrypted connection broke")
    if isinstance(error, requests.exceptions.ProxyError) and "timed out" in text:
        return NotSent("the proxy did not answer in time")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy refused the connection")
    if "NameResolutionError" in text or "gaierror" in text:
        return NotSent("the server's name was not found")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("the connection could not be made in time")
    if "NewConnectionError" in text:
        return NotSent("the connection was refused")
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return Broken("the server did not answer in time")
    if "IncompleteRead" in text:
        return Broken("the answer was cut off")
    return Broken("the connection broke")
