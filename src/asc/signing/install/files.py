"""Writes `output-directory`: what signs on any system."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from asc.errors import SetupError
from asc.signing.identity.p12 import p12
from asc.signing.install.export_options import export_options, groups
from asc.signing.install.manifest import manifest
from asc.signing.install.names import p12_names, profile_names
from asc.signing.install.written import ExportOptions, Written, WrittenIdentity, WrittenProfile, signer_of
from asc.signing.private import missing_folders, private_folder, write_private
from asc.signing.vault.entries import StoredIdentity, StoredProfile

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
