"""The kinds of attributes: a kind turns a value of a seed into Apple's form, or raises NotThisKind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Kind = Callable[[Any], Any]


class NotThisKind(ValueError):
    """Raised if an attribute cannot hold a value; the text names the expected kind."""


# Apple's servers write their own zone into dates, so clients must read the offset.
_CUPERTINO = timezone(timedelta(hours=-8))
_RELATIVE = re.compile(r"(?P<ahead>in )?(?P<count>\d+) (?P<unit>second|minute|hour|day)s?(?P<ago> ago)?")


def text(value: Any) -> str:
    """Return a text unchanged. Raises NotThisKind for anything else, including numbers."""
    # YAML reads an unquoted 1.10 as the number 1.1, so a number is never turned into a text.
    if not isinstance(value, str):
        raise NotThisKind(f"expected text, found {value!r}; put it in quotes")
    return value


def flag(value: Any) -> bool:
    """Return True or False unchanged. Raises NotThisKind for anything else."""
    if not isinstance(value, bool):
        raise NotThisKind(f"expected true or false, found {value!r}")
    return value


def number(value: Any) -> int:
    """Return a whole number unchanged. Raises NotThisKind for anything else."""
    # True is an int in Python.
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotThisKind(f"expected a whole number, found {value!r}")
    return value


def texts(value: Any) -> list[str]:
    """Return a list of texts unchanged. Raises NotThisKind for anything else."""
    if not isinstance(value, list):
        raise NotThisKind(f"expected a list, found {value!r}")
    return [text(item) for item in value]


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return a list of mappings unchanged. Raises NotThisKind for anything else."""
    if not isinstance(value, list):
        raise NotThisKind(f"expected a list, found {value!r}")
    return [mapping(item) for item in value]


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping unchanged, with any members. Raises NotThisKind for anything else."""
    if not isinstance(value, dict):
        raise NotThisKind(f"expected a mapping, found {value!r}")
    return value


def upload_state(value: Any) -> dict[str, Any]:
    """Return the state of a build upload as Apple's {state, errors, warnings, infos}, also from a state alone."""
    state = {"state": value} if isinstance(value, str) else mapping(value)
    return {"errors": [], "warnings": [], "infos": [], **state}


def file_state(value: Any) -> dict[str, Any]:
    """Return the state of an upload's file as Apple's {state, errors, warnings}, also from a state alone."""
    state = {"state": value} if isinstance(value, str) else mapping(value)
    return {"errors": [], "warnings": [], **state}


def date(value: Any) -> str:
    """Return a date in the form that most of the API has: `2021-02-02T04:00:19-08:00`. See `_moment` for seeds."""
    return value if _is_iso(value) else _moment(value).astimezone(_CUPERTINO).isoformat("T", "seconds")


def provisioning_date(value: Any) -> str:
    """Return a date in the form of certificates, profiles and devices: `2019-11-29T13:56:50.000+0000`."""
    return value if _is_iso(value) else _moment(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _is_iso(value: Any) -> bool:
    """Return True for a full date with a zone; such a date is sent exactly as the seed has it."""
    try:
        return isinstance(value, str) and "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _moment(value: Any) -> datetime:
    """Read a YAML timestamp, or a text such as `3 days ago` or `in 2 hours`."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    relative = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if relative is None or bool(relative["ahead"]) == bool(relative["ago"]):
        raise NotThisKind(
            f"expected a date such as 2026-01-31T12:00:00Z, '3 days ago' or 'in 2 hours', found {value!r}"
        )
    distance = timedelta(**{f"{relative['unit']}s": int(relative["count"])})
    return datetime.now(UTC) + (distance if relative["ahead"] else -distance)
