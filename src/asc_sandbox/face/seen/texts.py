"""What records say, as text."""

from __future__ import annotations

from asc_sandbox.world import Record


def said(record: Record, name: str) -> str:
    """An attribute; "" where it is not set."""
    return str(record.attributes.get(name) or "")


def app_name(app: Record) -> str:
    """What to call an app."""
    return said(app, "name") or said(app, "bundleId") or app.id
