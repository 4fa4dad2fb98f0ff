"""How certificates, profiles, bundle ids and devices look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from asc_sandbox.face import parts
from asc_sandbox.face.html import Child, Html, element, joined
from asc_sandbox.face.seen.signing import Signing


def section(found: Signing, now: datetime, client: str) -> Html:
    """The section with its four tables."""
    return parts.section(
        "signing",
        "Signing",
        None,
        _certificates(found, now, client),
        _profiles(found, now),
        _bundle_ids(found),
        _devices(found),
    )


def _certificates(found: Signing, now: datetime, client: str) -> Html:
    rows = (
        (
            each.name,
            parts.badge(each.type),
            parts.code(each.serial),
            parts.expiry(each.expires, now),
            parts.code(each.id),
        )
        for each in found.certificates
    )
    columns = ("Certificate", "Type", "Serial number", "Expires", "Id")
    hint = parts.empty(
        "No certificates. This makes one, with a profile:",
        client,
        "mkdir -p signing",
        "MATCH_PASSWORD=try .venv/bin/python entrypoint.py sync-signing --mode sync --bundle-ids com.example.app \\",
        "  --register-bundle-ids true --storage dir:signing --install files",
    )
    return _part("Certificates", columns, rows, len(found.certificates), hint)


def _profiles(found: Signing, now: datetime) -> Html:
    rows = (
        (
            each.name,
            parts.badge(each.type),
            parts.badge(each.state),
            parts.code(each.bundle_id),
            parts.names(each.certificates),
            each.devices,
            parts.expiry(each.expires, now),
        )
        for each in found.profiles
    )
    columns = ("Profile", "Type", "State", "Bundle id", "Certificates", "Devices", "Expires")
    hint = parts.empty("No profiles. sync-signing makes those that an app needs.")
    return _part("Profiles", columns, rows, len(found.profiles), hint)


def _bundle_ids(found: Signing) -> Html:
    rows = (
        (parts.code(each.identifier), each.name, each.platform, parts.names(each.capabilities))
        for each in found.bundle_ids
    )
    columns = ("Bundle id", "Name", "Platform", "Capabilities")
    hint = parts.empty("No bundle ids. sync-signing registers them with --register-bundle-ids true.")
    return _part("Bundle ids", columns, rows, len(found.bundle_ids), hint)


def _devices(found: Signing) -> Html:
    rows = (
        (each.name, each.model, parts.code(each.udid), parts.badge(each.status)) for each in found.devices
    )
    columns = ("Device", "Model", "UDID", "Status")
    hint = parts.empty("No devices. sync-signing registers those of its --devices.")
    return _part("Devices", columns, rows, len(found.devices), hint)


def _part(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Child]], count: int, hint: Html
) -> Html:
    heading = element("h3", title, " ", element("span", count, class_="count"))
    return joined(heading, parts.table(title, columns, rows, count) if count else hint)
