"""Protect the pages: only a browser on this machine may read them, and only their own forms may be sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

# A page of another site can make a browser send requests here. It cannot choose the Host header, unless its own name
# resolves to this machine (DNS rebinding), and it cannot choose the Origin header.
ADVICE = "The sandbox shows its pages to this machine only. Open them as http://127.0.0.1:PORT/ or http://localhost:PORT/."
CROSS_SITE = "This form was sent from another site. Send it from the sandbox's own page."


def is_loopback(host: str) -> bool:
    """Return True if a Host header is localhost or a loopback address, names that no foreign DNS server controls."""
    try:
        address = urlsplit(f"//{host}")
        # These characters end the host for urlsplit: user@127.0.0.1 would be read as 127.0.0.1.
        name = "" if set("@/?#") & set(host) else address.hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_form(headers: Mapping[str, str]) -> bool:
    """Return True if a POST comes from one of these pages, or from a client that is not a browser."""
    if origin := headers.get("Origin"):
        return origin.lower() == f"http://{headers.get('Host', '').lower()}"
    # Every browser sends one of the two headers with a POST, so a request without them is curl or a test.
    return headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
