"""Write `output-directory`: the files to sign with on any system."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asc.errors import SetupError, writing_remedy
from asc.identity.p12 import p12
from asc.private_files import missing_folders, private_folder, write_private
from asc.signing.install.export_options import export_options, groups
from asc.signing.install.written import (
    ExportOptions,
    Written,
    WrittenIdentity,
    WrittenProfile,
    certificate_sha1s,
    p12_names,
    profile_names,
    signer_of,
)
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.texts import fastlane_names

log = logging.getLogger(__name__)

MANIFEST, EXPORT_OPTIONS = "manifest.json", "ExportOptions.plist"

Before = Callable[[Sequence[Path]], None]
"""Called with all paths before the first of them is created."""


def write_files(
    folder: Path,
    identities: Sequence[StoredIdentity],
    profiles: Sequence[StoredProfile],
    password: str | None = None,
    before: Before = lambda paths: None,
) -> Written:
    """Write a .p12 for each identity, the profiles, manifest.json and ExportOptions.plist, each with mode 0600.

    `password` protects the .p12 files; it is random if it is missing or empty. `before` is called once with all files
    and folders to create, so that a clean-up knows them. Files of the same name are replaced. Raises SetupError if the
    folder cannot be written; IdentityError from `p12`.
    """
    password = password or new_password()
    if not password.isascii():
        log.warning(
            "The security command of macOS does not accept a .p12 password with characters outside ASCII"
        )
    root = folder.absolute()
    plan = _Plan(root)
    written = _planned(plan, identities, profiles, password)
    try:
        plan.carry_out(before)
    except OSError as error:
        raise SetupError(
            f"{root} cannot be written ({error.strerror}).",
            writing_remedy(error, "Choose another output-directory, or correct its permissions."),
        ) from None
    log.info("Wrote %s to %s", written.in_words(), root)
    return written


def new_password() -> str:
    """Return a random password of 48 hexadecimal digits, safe for a shell and for `security`."""
    return secrets.token_hex(24)


class _Plan:
    """The files to write. All are collected before the first is written, so that they can be recorded in one step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[Path, bytes] = {}

    def add(self, name: str, content: bytes) -> Path:
        self._files[self.root / name] = content
        return self.root / name

    def carry_out(self, before: Before) -> None:
        # Recorded before the first write: a job that is killed in between is cleaned up completely.
        before([*missing_folders(self.root), *self._files])
        private_folder(self.root)
        for path, content in self._files.items():
            write_private(path, content)


def _planned(
    plan: _Plan, identities: Sequence[StoredIdentity], profiles: Sequence[StoredProfile], password: str
) -> Written:
    written = [
        WrittenIdentity(
            identity,
            plan.add(
                name, p12(identity.key, identity.certificate, password, identity.certificate.common_name)
            ),
        )
        for identity, name in zip(identities, p12_names(identities), strict=True)
    ]
    placed = [
        WrittenProfile(profile, plan.add(name, profile.content), signer_of(profile, identities))
        for profile, name in zip(profiles, profile_names(profiles), strict=True)
    ]
    options = _options(plan, identities, placed)
    plan.add(MANIFEST, manifest(written, placed))
    return Written(plan.root, tuple(written), tuple(placed), tuple(options), password)


def _options(
    plan: _Plan, identities: Sequence[StoredIdentity], profiles: Sequence[WrittenProfile]
) -> list[ExportOptions]:
    """Return the plists: the first is `ExportOptions.plist`, the others have type and platform in their names."""
    found: list[ExportOptions] = []
    for (kind, platform), members in groups(profiles).items():
        name = f"ExportOptions-{kind}-{platform}.plist" if found else EXPORT_OPTIONS
        content = export_options(kind, platform, members, identities)
        found.append(ExportOptions(kind, platform, plan.add(name, content)))
    return found


def fastlane_environment(
    profiles: Iterable[WrittenProfile], installed: Mapping[str, Path] | None = None
) -> dict[str, str]:
    """Return the `sigh_…` variables with their values. `installed`: UUID → the file in Xcode's folder."""
    values: dict[str, str] = {}
    for written in profiles:
        stored, profile = written.stored, written.stored.profile
        names = fastlane_names(stored.profile_type, stored.bundle_id, stored.platform)
        values[names.uuid] = profile.uuid
        values[names.team_id] = profile.team_id
        values[names.certificate_name] = written.identity.certificate.common_name if written.identity else ""
        values[names.profile_name] = profile.name
        values[names.profile_path] = str((installed or {}).get(profile.uuid, written.path))
    return values


VERSION = 1
"""The version of the manifest's format."""


def manifest(identities: Iterable[WrittenIdentity], profiles: Iterable[WrittenProfile]) -> bytes:
    """Return manifest.json: all identities and profiles with their files, in UTF-8."""
    values = {
        "version": VERSION,
        "identities": [_identity(identity) for identity in identities],
        "profiles": [profile_facts(profile) for profile in profiles],
    }
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def profile_facts(written: WrittenProfile) -> dict[str, Any]:
    """Return the entry of a profile in the manifest and in the output `profiles`."""
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
    """Return a time in UTC in ISO 8601, like 2027-04-01T00:00:00Z."""
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
