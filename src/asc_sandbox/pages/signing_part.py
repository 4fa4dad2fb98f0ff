"""Show certificates, profiles, bundle ids and devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from asc_sandbox.pages import parts
from asc_sandbox.pages.html import Child, Html, element, joined
from asc_sandbox.pages.views.signing import Signing


def section(signing: Signing, now: datetime, client: str) -> Html:
    """Return the section of signing with its four tables."""
    return parts.section(
        "signing",
        "Signing",
        None,
        _certificates(signing, now, client),
        _profiles(signing, now),
        _bundle_ids(signing),
        _devices(signing),
    )


def _certificates(signing: Signing, now: datetime, client: str) -> Html:
    rows = (
        (
            certificate.name,
            parts.badge(certificate.type),
            parts.code(certificate.serial),
            parts.expiry(certificate.expires, now),
            parts.code(certificate.id),
        )
        for certificate in signing.certificates
    )
    columns = ("Certificate", "Type", "Serial number", "Expires", "Id")
    hint = parts.empty(
        "No certificates. This makes one, with a profile:",
        client,
        "mkdir -p signing",
        "MATCH_PASSWORD=try .venv/bin/python entrypoint.py sync-signing --mode sync --bundle-ids com.example.app \\",
        "  --register-bundle-ids true --storage dir:signing --install files",
    )
    return _part("Certificates", columns, rows, len(signing.certificates), hint)


def _profiles(signing: Signing, now: datetime) -> Html:
    rows = (
        (
            profile.name,
            parts.badge(profile.type),
            parts.badge(profile.state),
            parts.code(profile.bundle_id),
            parts.names(profile.certificates),
            profile.devices,
            parts.expiry(profile.expires, now),
        )
        for profile in signing.profiles
    )
    columns = ("Profile", "Type", "State", "Bundle id", "Certificates", "Devices", "Expires")
    hint = parts.empty("No profiles. sync-signing creates the profiles that an app needs.")
    return _part("Profiles", columns, rows, len(signing.profiles), hint)


def _bundle_ids(signing: Signing) -> Html:
    rows = (
        (
            parts.code(bundle_id.identifier),
            bundle_id.name,
            bundle_id.platform,
            parts.names(bundle_id.capabilities),
        )
        for bundle_id in signing.bundle_ids
    )
    columns = ("Bundle id", "Name", "Platform", "Capabilities")
    hint = parts.empty("No bundle ids. sync-signing registers them with --register-bundle-ids true.")
    return _part("Bundle ids", columns, rows, len(signing.bundle_ids), hint)


def _devices(signing: Signing) -> Html:
    rows = (
        (device.name, device.model, parts.code(device.udid), parts.badge(device.status))
        for device in signing.devices
    )
    columns = ("Device", "Model", "UDID", "Status")
    hint = parts.empty("No devices. sync-signing registers its --devices.")
    return _part("Devices", columns, rows, len(signing.devices), hint)


def _part(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Child]], count: int, hint: Html
) -> Html:
    heading = element("h3", title, " ", element("span", count, class_="count"))
    return joined(heading, parts.table(title, columns, rows, count) if count else hint)
