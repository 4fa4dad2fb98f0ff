"""What stands in `output-directory`, and which identity signs what."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from asc import words
from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.vault.entries import StoredIdentity, StoredProfile


@dataclass(frozen=True)
class WrittenIdentity:
    """An identity and its .p12."""

    stored: StoredIdentity
    p12: Path


@dataclass(frozen=True)
class WrittenProfile:
    """A profile, its file, and the identity to sign with it: None where none of those at hand is in the profile."""

    stored: StoredProfile
    path: Path
    identity: StoredIdentity | None


@dataclass(frozen=True)
class ExportOptions:
    """An ExportOptions.plist. Xcode exports for one purpose and platform at a time, so each has its own."""

    profile_type: ProfileType
    platform: Platform
    path: Path


@dataclass(frozen=True)
class Written:
    """Everything that was written. `password` opens every .p12. Orders are those that were handed in."""

    folder: Path
    identities: tuple[WrittenIdentity, ...]
    profiles: tuple[WrittenProfile, ...]
    export_options: tuple[ExportOptions, ...]
    manifest: Path
    password: str = field(repr=False)

    def in_words(self) -> str:
        """What there is: `2 .p12 files, 1 profile and ExportOptions.plist`."""
        counts = ((len(self.identities), ".p12 file"), (len(self.profiles), "profile"))
        what = [words.counted(count, name) for count, name in counts if count]
        what += [each.path.name for each in self.export_options]
        return " and ".join(filter(None, (", ".join(what[:-1]), *what[-1:]))) or "nothing"


def certificate_sha1s(profile: StoredProfile) -> list[str]:
    """The fingerprints of the certificates that a profile names, upper case hex, in its order."""
    return [_sha1(each) for each in profile.profile.certificates]


def signer_of(profile: StoredProfile, identities: Iterable[StoredIdentity]) -> StoredIdentity | None:
    """The first of the identities that the profile names; the type is not asked, for the profile decides."""
    allowed = set(profile.profile.certificates)
    return next((each for each in identities if each.certificate.der in allowed), None)


def team_of(profiles: Sequence[StoredProfile]) -> str:
    """The team of the first profile that names one; empty otherwise."""
    return next((each.profile.team_id for each in profiles if each.profile.team_id), "")


def _sha1(der: bytes) -> str:
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303  a name, not a proof
    digest.update(der)
    return digest.finalize().hex().upper()


def issuer_of(der: bytes) -> str:
    """Who issued a certificate, as people look for it: `Apple Worldwide Developer Relations … (G3)`. May be empty."""
    try:
        issuer = x509.load_der_x509_certificate(der).issuer
    except ValueError:
        return ""
    name, generation = (
        next((str(each.value) for each in issuer.get_attributes_for_oid(oid)), "")
        for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    )
    return f"{name} ({generation})" if name and generation else name


_LONGEST = 180
"""Bytes of a name without its suffix: file systems take 255, and whoever writes a file puts something around it."""
_MAC = (Platform.MACOS, Platform.CATALYST)


def profile_suffix(platform: Platform) -> str:
    """What a profile's file ends in; Xcode tells profiles for macOS by it."""
    return ".provisionprofile" if platform.of_profile in _MAC else ".mobileprovision"


def profile_names(profiles: Iterable[StoredProfile]) -> list[str]:
    """A name for each, in order, all different."""
    wanted = []
    for each in profiles:
        platform = each.platform.of_profile
        # On macOS the suffix tells enough; match writes no platform there either.
        ending = f"_{platform}" if platform in (Platform.TVOS, Platform.CATALYST) else ""
        wanted.append((f"{each.profile_type.prefix}_{each.bundle_id}{ending}", profile_suffix(platform)))
    return _different(wanted)


def p12_names(identities: Iterable[StoredIdentity]) -> list[str]:
    """A name for each, in order, all different."""
    return _different((f"{each.certificate_type}_{each.certificate_id}", ".p12") for each in identities)


def safe_name(text: str) -> str:
    """`text` as a part of a path that stays in its folder, on every system and in every tool.

    `*` becomes `wildcard`, since artifact uploads refuse it; what is neither letter, digit nor one of `. _ -`
    becomes `_`; no name begins with a dot or a hyphen, or is empty.
    """
    plain = unicodedata.normalize("NFC", text).replace("*", "wildcard")
    kept = re.sub(r"[^\w.-]", "_", plain).encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")
    return re.sub(r"^[.-]+", "_", kept) or "_"


def _different(wanted: Iterable[tuple[str, str]]) -> list[str]:
    taken: set[str] = set()
    names = []
    for stem, suffix in wanted:
        base = safe_name(stem)
        name, number = f"{base}{suffix}", 2
        while name.casefold() in taken:  # a Mac's file system does not tell upper from lower case
            name, number = f"{base}-{number}{suffix}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
