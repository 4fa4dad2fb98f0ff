"""The manifest of `output-directory`, for tools that sign on another system: what is there, and until when.

    {"version": 1,
     "identities": [{"id", "type", "name", "sha1", "sha256", "team", "expires", "p12"}],
     "profiles": [{"bundle_id", "type", "platform", "name", "uuid", "path", "expires", "certificates", "devices"}]}

Fingerprints are upper case hex, times ISO 8601 in UTC (null where a profile has none), paths absolute; `certificates`
are SHA-1 fingerprints, `devices` is how many. Members are added within a version, never removed or changed. The
password of the .p12 files is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from asc.signing.install.written import WrittenIdentity, WrittenProfile, certificate_sha1s

VERSION = 1


def manifest(identities: Iterable[WrittenIdentity], profiles: Iterable[WrittenProfile]) -> bytes:
    """The manifest, JSON in UTF-8."""
    values = {
        "version": VERSION,
        "identities": [_identity(each) for each in identities],
        "profiles": [profile_facts(each) for each in profiles],
    }
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def profile_facts(written: WrittenProfile) -> dict[str, Any]:
    """What the manifest says of a profile; the output `profiles` takes from it, too."""
    stored = written.stored
    return {
        "bundle_id": stored.bundle_id,
        "type": stored.profile_type.value,
        "platform": stored.platform.value,
        "name": stored.profile.name,
        "uuid": stored.profile.uuid,
        "path": str(written.path),
        "expires": iso(stored.profile.expires) if stored.profile.expires else None,
        "certificates": certificate_sha1s(stored),
        "devices": len(stored.profile.devices),
    }


def iso(time: datetime) -> str:
    """2027-04-01T00:00:00Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(written: WrittenIdentity) -> dict[str, Any]:
    stored = written.stored
    return {
        "id": stored.certificate_id,
        "type": stored.certificate_type.value,
        "name": stored.certificate.common_name,
        "sha1": stored.certificate.sha1,
        "sha256": stored.certificate.sha256,
        "team": stored.certificate.team_id or stored.team,
        "expires": iso(stored.certificate.not_after),
        "p12": str(written.p12),
    }
