"""What an attribute may hold: a kind turns what a seed says into what Apple sends, or raises NotThisKind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Kind = Callable[[Any], Any]


class NotThisKind(ValueError):
    """A value cannot be what the attribute holds; the text says what was expected."""


_CUPERTINO = timezone(timedelta(hours=-8))
_RELATIVE = re.compile(r"(?P<ahead>in )?(?P<count>\d+) (?P<unit>second|minute|hour|day)s?(?P<ago> ago)?")


def text(value: Any) -> str:
    """Any text. Numbers are refused: YAML reads an unquoted 1.10 as the number 1.1."""
    if not isinstance(value, str):
        raise NotThisKind(f"expected text, found {value!r}; put it in quotes")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise NotThisKind(f"expected true or false, found {value!r}")
    return value


def number(value: Any) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotThisKind(f"expected a whole number, found {value!r}")
    return value


def texts(value: Any) -> list[str]:
    """A list of texts."""
    if not isinstance(value, list):
        raise NotThisKind(f"expected a list, found {value!r}")
    return [text(item) for item in value]


def mappings(value: Any) -> list[dict[str, Any]]:
    """A list of mappings."""
    if not isinstance(value, list):
        raise NotThisKind(f"expected a list, found {value!r}")
    return [mapping(item) for item in value]


def mapping(value: Any) -> dict[str, Any]:
    """A mapping with any members."""
    if not isinstance(value, dict):
        raise NotThisKind(f"expected a mapping, found {value!r}")
    return value


def upload_state(value: Any) -> dict[str, Any]:
    """The state of a build upload: Apple's mapping {state, errors, warnings, infos}, or a state alone."""
    state = {"state": value} if isinstance(value, str) else mapping(value)
    return {"errors": [], "warnings": [], "infos": [], **state}


def file_state(value: Any) -> dict[str, Any]:
    """The state of an upload's file: Apple's mapping {state, errors, warnings}, or a state alone."""
    state = {"state": value} if isinstance(value, str) else mapping(value)
    return {"errors": [], "warnings": [], **state}


def date(value: Any) -> str:
    """A date as most of the API writes it: `2021-02-02T04:00:19-08:00`.

    See `_moment` for what a seed may say.
    """
    return value if _is_iso(value) else _moment(value).astimezone(_CUPERTINO).isoformat("T", "seconds")


def provisioning_date(value: Any) -> str:
    """A date as certificates, profiles and devices write it: `2019-11-29T13:56:50.000+0000`."""
    return value if _is_iso(value) else _moment(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _is_iso(value: Any) -> bool:
    """Whether it is a full date already; such a one is sent exactly as the seed has it."""
    try:
        return isinstance(value, str) and "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _moment(value: Any) -> datetime:
    """A YAML timestamp, or `3 days ago`, `in 2 hours`."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    relative = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if relative is None or bool(relative["ahead"]) == bool(relative["ago"]):
        raise NotThisKind(
            f"expected a date such as 2026-01-31T12:00:00Z, '3 days ago' or 'in 2 hours', found {value!r}"
        )
    distance = timedelta(**{f"{relative['unit']}s": int(relative["count"])})
    return datetime.now(UTC) + (distance if relative["ahead"] else -distance)
