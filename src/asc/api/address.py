"""Where the bearer token may go: https, or the loopback address of the sandbox."""

from __future__ import annotations

import ipaddress
import re
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
