"""An event of App Store Connect: its signature and its contents.

https://developer.apple.com/documentation/appstoreconnectapi/configuring-webhook-notifications
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 100
"""Characters of a name in an event. GitHub accepts no longer event type."""
_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{_LONGEST}}}")
_PING = "webhookPingCreated"


class MalformedEvent(ValueError):
    """The body of a signed request is not an event."""


@dataclass(frozen=True)
class Event:
    """An event. `state` is the new state, CREATED or another word from the event's name if there is none.

    `resource_type` and `resource_id` name the record that changed, by Apple's words; for a ping they are "".
    """

    id: str
    name: str
    state: str
    old_state: str = ""
    resource_type: str = ""
    resource_id: str = ""

    @property
    def dispatch_type(self) -> str:
        """Return the `types:` of `on: repository_dispatch`: `buildUploads.COMPLETE`, `webhookPing.CREATED`."""
        return f"{self.resource_type or self._subject}.{self.state}"[:_LONGEST]

    @property
    def _subject(self) -> str:
        return re.sub(r"[A-Z][a-z]*$", "", self.name) or self.name


def is_signed_with(secret: str, signature: str, body: bytes) -> bool:
    """Return True if `signature` is the HMAC-SHA256 of the raw body with the secret."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(expected, _digest(signature))


def _digest(signature: str) -> bytes:
    """Return the bytes of a signature, b"" if it is unreadable.

    Apple writes `hmacsha256=` and hexadecimal digits. Digits alone and base64 are read as well, because some
    receivers saw them.
    """
    # An unreadable signature becomes b"", which equals no digest, so it fails in the same way as a wrong one.
    text = signature.strip().removeprefix("hmacsha256=")
    try:
        return bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def read_event(body: bytes) -> Event:
    """Return the event of a body. Verify the signature before. Raises MalformedEvent."""
    try:
        data = json.loads(body)["data"]
        name, identifier = data["type"], data["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MalformedEvent("the body is not an event") from None
    attributes = _mapping(data.get("attributes"))
    if attributes.get("ping") is True:
        # A ping may have the form of another event, about a record that does not exist: it must start no real work.
        data, name, attributes = {}, _PING, {}
    instance = _mapping(_mapping(_mapping(data.get("relationships")).get("instance")).get("data"))
    event = Event(
        id=identifier,
        name=name,
        # Apple calls the states of uploads oldState and newState, those of versions oldValue and newValue.
        state=_first(attributes, "newState", "newValue") or _last_word(name),
        old_state=_first(attributes, "oldState", "oldValue"),
        resource_type=_first(instance, "type"),
        resource_id=_first(instance, "id"),
    )
    # These texts become a part of addresses and of workflows, so only plain names may pass. Apple sends no others.
    if not all(text == "" or _is_name(text) for text in vars(event).values()) or not event.id:
        raise MalformedEvent("the event has names with other characters than letters, digits, _, - and .")
    return event


def _is_name(text: object) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None and set(text) != {"."}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(values: Mapping[str, Any], *names: str) -> Any:
    return next((values[name] for name in names if values.get(name)), "")


def _last_word(name: object) -> str:
    """Return CREATED for `betaFeedbackCrashSubmissionCreated`: an event without a state has it in its name."""
    words = re.findall(r"[A-Z][a-z]+", str(name))
    return words[-1].upper() if words else "EVENT"
