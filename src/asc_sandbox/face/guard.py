"""Who may look and who may post: the browser of this machine, on our own pages.

A page of somebody else may make a browser send requests here. It cannot choose what stands in Host, unless its own name
leads to this machine (DNS rebinding), nor in Origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

ADVICE = "The sandbox shows its pages to this machine only. Open them as http://127.0.0.1:PORT/ or http://localhost:PORT/."
CROSS_SITE = "This form was sent from another site. Send it from the sandbox's own page."


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine in a way that nobody else's DNS can."""
    try:
        address = urlsplit(f"//{host}")
        name = "" if set("@/?#") & set(host) else address.hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_own_form(headers: Mapping[str, str]) -> bool:
    """Whether a POST comes from one of our pages, or from no browser at all: every browser says where from."""
    if origin := headers.get("Origin"):
        return origin.lower() == f"http://{headers.get('Host', '').lower()}"
    return headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
