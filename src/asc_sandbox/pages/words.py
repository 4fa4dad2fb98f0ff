"""Put times, numbers, Apple's states and attributes of records into words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from asc_sandbox.world import Record

Tone = Literal["good", "busy", "warn", "bad", "idle"]

_TONES: dict[Tone, str] = {
    "good": "COMPLETE VALID APPROVED BETA_APPROVED IN_BETA_TESTING ACTIVE ENABLED ACCEPTED INSTALLED"
    " READY_FOR_DISTRIBUTION",
    "busy": "AWAITING_UPLOAD PROCESSING WAITING_FOR_REVIEW IN_REVIEW WAITING_FOR_BETA_REVIEW IN_BETA_REVIEW INVITED"
    " UPLOAD_COMPLETE PENDING_DEVELOPER_RELEASE PENDING_APPLE_RELEASE PROCESSING_FOR_DISTRIBUTION CANCELING",
    "warn": "MISSING_EXPORT_COMPLIANCE EXPIRED DISABLED",
    "bad": "FAILED INVALID PROCESSING_EXCEPTION REJECTED BETA_REJECTED REVOKED METADATA_REJECTED INVALID_BINARY",
}
_TONE_OF = {state: tone for tone, states in _TONES.items() for state in states.split()}

_PLATFORMS = {"IOS": "iOS", "MAC_OS": "macOS", "TV_OS": "tvOS", "VISION_OS": "visionOS"}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def tone(state: str | None) -> Tone:
    """Return the tone of a state; a state that is not listed here is idle."""
    return _TONE_OF.get(state or "", "idle")


def platform(name: object) -> str:
    """Return a platform as Apple writes it for people, such as iOS."""
    return _PLATFORMS.get(str(name), str(name)) if name else ""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 build`, `2 builds`."""
    return f"{number} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """Return the noun for a number: `build` for one, `builds` for more or none."""
    return noun if number == 1 else f"{noun}s"


def moment(value: object) -> datetime | None:
    """Return the time that an attribute holds, in UTC if it names no zone; None if it holds no time."""
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def distance(when: datetime, now: datetime) -> str:
    """Return a distance in time in words: `3 days ago`, `in 2 hours`, `now`."""
    seconds = round((when - now).total_seconds())
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            span = counted(abs(seconds) // size, unit)
            return f"in {span}" if seconds > 0 else f"{span} ago"
    return "now"


def text_of(record: Record, name: str) -> str:
    """Return an attribute as text, "" if it is not set."""
    return str(record.attributes.get(name) or "")


def app_name(app: Record) -> str:
    """Return the name of an app, or else its bundle id, or else its id."""
    return text_of(app, "name") or text_of(app, "bundleId") or app.id
