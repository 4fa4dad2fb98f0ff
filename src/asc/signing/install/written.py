"""Describe the files of `output-directory`: their names, and the identity that signs with each profile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from asc import words
from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.layout import profile_stem, profile_suffix


@dataclass(frozen=True)
class WrittenIdentity:
    """A stored identity and the path of its .p12."""

    stored: StoredIdentity
    p12: Path


@dataclass(frozen=True)
class WrittenProfile:
    """A stored profile, its file, and the identity to sign with: None if the profile has none of them."""

    stored: StoredProfile
    path: Path
    identity: StoredIdentity | None


@dataclass(frozen=True)
class ExportOptions:
    """The path of one ExportOptions.plist, for one type and platform: Xcode exports for one at a time."""

    profile_type: ProfileType
    platform: Platform
    path: Path


@dataclass(frozen=True)
class Written:
    """All files that were written, in the order of the arguments. `password` opens every .p12."""

    folder: Path
    identities: tuple[WrittenIdentity, ...]
    profiles: tuple[WrittenProfile, ...]
    export_options: tuple[ExportOptions, ...]
    password: str = field(repr=False)

    def in_words(self) -> str:
        """Return the contents as words: `2 .p12 files, 1 profile and ExportOptions.plist`."""
        counts = ((len(self.identities), ".p12 file"), (len(self.profiles), "profile"))
        parts = [words.counted(count, name) for count, name in counts if count]
        parts += [options.path.name for options in self.export_options]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "nothing"


def certificate_sha1s(profile: StoredProfile) -> list[str]:
    """Return the SHA-1 fingerprints of a profile's certificates in upper case hexadecimal, in its order."""
    return [_sha1(certificate) for certificate in profile.profile.certificates]


def signer_of(profile: StoredProfile, identities: Iterable[StoredIdentity]) -> StoredIdentity | None:
    """Return the first of the identities that the profile contains, or None."""
    # The type of certificate is not checked: the list in the profile alone decides.
    allowed = set(profile.profile.certificates)
    return next((identity for identity in identities if identity.certificate.der in allowed), None)


def team_of(profiles: Sequence[StoredProfile]) -> str:
    """Return the team of the first profile that has one, or ""."""
    return next((profile.profile.team_id for profile in profiles if profile.profile.team_id), "")


def _sha1(der: bytes) -> str:
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303  a name, not a proof
    digest.update(der)
    return digest.finalize().hex().upper()


_LONGEST = 180
"""Bytes of a name without its suffix. File systems allow 255, but temporary files get a longer name."""


def profile_names(profiles: Iterable[StoredProfile]) -> list[str]:
    """Return a different file name for each profile, in order."""
    return _different(
        (
            profile_stem(profile.profile_type, profile.bundle_id, profile.platform),
            profile_suffix(profile.platform),
        )
        for profile in profiles
    )


def p12_names(identities: Iterable[StoredIdentity]) -> list[str]:
    """Return a different file name for each identity, in order."""
    return _different(
        (f"{identity.certificate_type}_{identity.certificate_id}", ".p12") for identity in identities
    )


def safe_name(text: str) -> str:
    """Return `text` as a part of a path that is safe on every system and in every tool.

    `*` becomes `wildcard`. Characters other than letters, digits and `. _ -` become `_`. The name is never empty and
    never begins with a dot or a hyphen.
    """
    # actions/upload-artifact refuses names with a `*`.
    plain = unicodedata.normalize("NFC", text).replace("*", "wildcard")
    kept = re.sub(r"[^\w.-]", "_", plain).encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")
    return re.sub(r"^[.-]+", "_", kept) or "_"


def _different(content: Iterable[tuple[str, str]]) -> list[str]:
    taken: set[str] = set()
    names = []
    for stem, suffix in content:
        base = safe_name(stem)
        name, number = f"{base}{suffix}", 2
        # A Mac's file system does not tell upper from lower case.
        while name.casefold() in taken:
            name, number = f"{base}-{number}{suffix}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
