"""How a request can fail on the wire, and whether it can have been applied all the same."""

from __future__ import annotations

import requests

from asc.errors import UnreachableError


class NotSent(Exception):
    """The connection was refused: the request surely was not applied."""


class Broken(Exception):
    """The connection broke or fell silent: whether the request was applied is not known."""


class NotJson(Broken):
    """A whole answer came, but not from App Store Connect."""


def classify(error: Exception) -> NotSent | Broken | UnreachableError:
    """Says of a failed request whether it can have been applied. The texts of requests quote whole URLs: not ours."""
    text = repr(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return UnreachableError(
            "The certificate of App Store Connect's server was not accepted.",
            "Behind a proxy that opens https, name its authority's file with SSL_CERT_FILE.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        return Broken("the encrypted connection broke")
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
