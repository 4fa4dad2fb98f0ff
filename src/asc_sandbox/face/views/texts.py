"""The attributes of records as text."""

from __future__ import annotations

from asc_sandbox.world import Record


def text_of(record: Record, name: str) -> str:
    """Return an attribute as text, "" if it is not set."""
    return str(record.attributes.get(name) or "")


def app_name(app: Record) -> str:
    """Return the name of an app, or else its bundle id, or else its id."""
    return text_of(app, "name") or text_of(app, "bundleId") or app.id
