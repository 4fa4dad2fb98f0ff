"""Writes `output-directory`: what signs on any system."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asc.errors import SetupError
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


def write_files(
    folder: Path,
    identities: Sequence[StoredIdentity],
    profiles: Sequence[StoredProfile],
    password: str | None = None,
    before: Before = lambda paths: None,
) -> Written:
    """Writes a .p12 for each identity, the profiles, manifest.json and ExportOptions.plist, each file 0600.

    `password` protects the .p12 files, a random one where it is missing or empty. `before` is called once, with the
    path of everything that is about to be made, folders too: how a clean-up comes to know of it. A file of the
    same name is replaced. Raises SetupError where the folder cannot be written; IdentityError from `p12`.
    """
    password = password or new_password()
    if not password.isascii():
        log.warning("macOS' security command takes no .p12 password with characters outside ASCII")
    root = folder.absolute()
    plan = _Plan(root)
    written = _planned(plan, identities, profiles, password)
    try:
        plan.carry_out(before)
    except OSError as error:
        raise SetupError(
            f"{root} cannot be written ({error.strerror}).", "Give another output-directory, or its rights."
        ) from None
    log.info("Wrote %s to %s", written.in_words(), root)
    return written


def new_password() -> str:
    """A random one-time password: ASCII, and no character that a shell or `security` could misread."""
    return secrets.token_hex(24)


class _Plan:
    """What is to be written, all of it, so that it is noted at once: a note for each file would grow with each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[Path, bytes] = {}

    def add(self, name: str, content: bytes) -> Path:
        self._files[self.root / name] = content
        return self.root / name

    def carry_out(self, before: Before) -> None:
        before([*missing_folders(self.root), *self._files])
        private_folder(self.root)
        for path, content in self._files.items():
            write_private(path, content)


def _planned(
    plan: _Plan, identities: Sequence[StoredIdentity], profiles: Sequence[StoredProfile], password: str
) -> Written:
    written = [
        WrittenIdentity(
            each, plan.add(name, p12(each.key, each.certificate, password, each.certificate.common_name))
        )
        for each, name in zip(identities, p12_names(identities), strict=True)
    ]
    placed = [
        WrittenProfile(each, plan.add(name, each.content), signer_of(each, identities))
        for each, name in zip(profiles, profile_names(profiles), strict=True)
    ]
    options = _options(plan, identities, placed)
    path = plan.add(MANIFEST, manifest(written, placed))
    return Written(plan.root, tuple(written), tuple(placed), tuple(options), path, password)


def _options(
    plan: _Plan, identities: Sequence[StoredIdentity], profiles: Sequence[WrittenProfile]
) -> list[ExportOptions]:
    """The first type's is `ExportOptions.plist`; further ones say in their names what they are for."""
    found: list[ExportOptions] = []
    for (kind, platform), members in groups(profiles).items():
        name = f"ExportOptions-{kind}-{platform}.plist" if found else EXPORT_OPTIONS
        content = export_options(kind, platform, members, identities)
        found.append(ExportOptions(kind, platform, plan.add(name, content)))
    return found


def fastlane_environment(
    profiles: Iterable[WrittenProfile], installed: Mapping[str, Path] | None = None
) -> dict[str, str]:
    """The `sigh_…` variables and their values. `installed`: UUID → the file where Xcode looks, if there is one."""
    values: dict[str, str] = {}
    for each in profiles:
        profile = each.stored.profile
        names = fastlane_names(each.stored.profile_type, each.stored.bundle_id, each.stored.platform)
        values[names.uuid] = profile.uuid
        values[names.team_id] = profile.team_id
        values[names.certificate_name] = each.identity.certificate.common_name if each.identity else ""
        values[names.profile_name] = profile.name
        values[names.profile_path] = str((installed or {}).get(profile.uuid, each.path))
    return values


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
