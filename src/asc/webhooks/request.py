"""The requested webhook, and the checks of its address, secret and events before the first request."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from asc import words

EVENT_TYPES = (
    "BUILD_UPLOAD_STATE_UPDATED",
    "BUILD_BETA_DETAIL_EXTERNAL_BUILD_STATE_UPDATED",
    "APP_STORE_VERSION_APP_VERSION_STATE_UPDATED",
    "BETA_FEEDBACK_CRASH_SUBMISSION_CREATED",
    "BETA_FEEDBACK_SCREENSHOT_SUBMISSION_CREATED",
    "ALTERNATIVE_DISTRIBUTION_PACKAGE_AVAILABLE_UPDATED",
    "ALTERNATIVE_DISTRIBUTION_PACKAGE_VERSION_CREATED",
    "ALTERNATIVE_DISTRIBUTION_TERRITORY_AVAILABILITY_UPDATED",
    "BACKGROUND_ASSET_VERSION_STATE_UPDATED",
    "BACKGROUND_ASSET_VERSION_APP_STORE_RELEASE_STATE_UPDATED",
    "BACKGROUND_ASSET_VERSION_EXTERNAL_BETA_RELEASE_STATE_UPDATED",
    "BACKGROUND_ASSET_VERSION_INTERNAL_BETA_RELEASE_CREATED",
)
"""The events of Apple's document. The first five are the usual ones.

https://developer.apple.com/documentation/appstoreconnectapi/webhookeventtype
"""
USUAL_EVENTS = EVENT_TYPES[:5]
"""Uploads, beta review, App Store review and feedback."""
SHORTEST_SECRET = 16
"""Characters. Anybody who knows the secret can make events, and a short one can be found by trying."""
_ENDINGS = ("_UPDATED", "_CREATED")
# Names that only a network of one's own resolves. RFC 6761, RFC 6762, RFC 8375, ICANN's reserved .internal
_PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".invalid")


@dataclass(frozen=True)
class WebhookRequest:
    """A requested webhook. `secret` and `name` are "" to keep the ones at Apple."""

    url: str
    events: tuple[str, ...]
    name: str
    secret: str
    enabled: bool


def url_defect(url: str) -> str:
    """Return why App Store Connect could not reach an address, or ""."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme != "https":
        return "is not https: App Store Connect sends events over https only"
    if not host or parts.username or parts.password or parts.fragment or not url.isprintable() or " " in url:
        return "is not the address of a server (it must not contain a user, a password, a # or a blank)"
    if port == 0:
        return "has the port 0"
    return _host_defect(host)


def _host_defect(host: str) -> str:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        local = host == "localhost" or "." not in host or host.endswith(_PRIVATE_SUFFIXES)
        # 127.1 and 0x7f000001 are addresses for some resolvers, and a name never ends with a number.
        odd = host.rpartition(".")[2].isdigit() or host.startswith("0x")
        return "is in a private network, which App Store Connect cannot reach" if local or odd else ""
    return "" if address.is_global else "is in a private network, which App Store Connect cannot reach"


def secret_defect(secret: str) -> str:
    """Return the defect of a secret, without a part of it, or ""."""
    if len(secret) < SHORTEST_SECRET:
        return f"has {len(secret)} characters: at least {SHORTEST_SECRET} are needed"
    if len(set(secret)) < SHORTEST_SECRET // 4:
        return "repeats the same few characters"
    return ""


def is_unknown(event: str) -> bool:
    """Return True if an event is not in Apple's document, but looks like one that Apple added since."""
    # A name close to a known one is a misspelling. Any other may be new at Apple.
    return event not in EVENT_TYPES and event.endswith(_ENDINGS) and not words.nearest(event, EVENT_TYPES)


def event_defects(events: Iterable[str]) -> Iterator[str]:
    """Yield a reason for each name that is no event."""
    for event in events:
        if event not in EVENT_TYPES and not is_unknown(event):
            yield f"{words.printable_name(event)} is not an event.{words.did_you_mean(event, EVENT_TYPES)}"


def parse_event(text: str) -> str:
    """Return the name of an event as Apple's API has it. The spelling of payloads works as well."""
    # Subscriptions say BUILD_UPLOAD_STATE_UPDATED, payloads buildUploadStateUpdated: people copy both.
    if text[:1].islower() and not text.islower():
        text = "".join(f"_{letter}" if letter.isupper() else letter for letter in text)
    return text.replace("-", "_").upper()
