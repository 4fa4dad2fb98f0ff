"""Importing: certificates, keys and profiles that a team has already, put where match would have put them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asc.errors import Error
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.signing.identity.certificate import Certificate
from asc.signing.identity.choosing import choose
from asc.signing.identity.reading import read_certificates, read_identity
from asc.signing.portal.certificates import Listed, by_public_key
from asc.signing.storage import Changes, Storage
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_identity, new_profile
from asc.signing.vault.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_certificate_types,
    from_apple_certificate_type,
)
from asc.signing.vault.texts import IMPORTED_MESSAGE
from asc.signing.vault.tree import Vault

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that can be one of these."""
_PLATFORMS = {"tvOS": Platform.TVOS, "OSX": Platform.MACOS, "xrOS": Platform.IOS, "visionOS": Platform.IOS}


@dataclass(frozen=True)
class Files:
    """A key and, where it does not stand in the same file, its certificate."""

    certificate: Path | None
    key: Path


def apple_types(in_house: bool) -> tuple[str, ...]:
    """All of Apple's certificate types that are kept: which one is imported, only its file says."""
    found = (
        each
        for kind in CertificateType
        for platform in (Platform.IOS, Platform.MACOS)
        for each in apple_certificate_types(kind, platform, in_house=in_house)
    )
    return tuple(dict.fromkeys(found))


def read_imported_identity(
    files: Files, password: str | None, listed: Sequence[Listed], in_house: bool, now: datetime
) -> StoredIdentity:
    """The certificate and its key. Its name in the store is Apple's id, where Apple lists it; else that of the file.

    Raises IdentityError where the two do not belong together, or one is not what it should be.
    """
    found = read_identity(_read(files.key, "key-file"), password, files.key.name)
    if found.key is None:
        raise Error(
            f"key-file: there is no private key in {files.key.name}.",
            "Give the .p12 or the PEM with the key.",
        )
    certificates: Iterable[Certificate] = found.certificates
    if files.certificate:
        certificates = read_certificates(_read(files.certificate, "certificate-file"), files.certificate.name)
    certificate = choose(certificates, found.key, now)
    at_apple = by_public_key(listed, certificate.public_key)
    stem = (files.certificate or files.key).stem
    identifier = (
        at_apple.id
        if at_apple
        else "".join(c for c in stem if c.isalnum() or c in "-_").lstrip("-") or "IMPORTED"
    )
    return new_identity(_kind(certificate, in_house), identifier, certificate, found.key)


def read_imported_profiles(paths: Iterable[Path]) -> list[StoredProfile]:
    """Profiles by what is inside them, not by the names of their files. Raises Error for what is none."""
    found = []
    for path in paths:
        content = _read(path, "profile-files")
        try:
            profile = read_profile(content)
        except ProfileError as error:
            raise Error(
                f"profile-files: {path.name} is not a provisioning profile: {error}.", "Leave it out."
            ) from None
        bundle_id = profile.application_identifier.partition(".")[2]
        if not bundle_id:
            raise Error(f"profile-files: {path.name} is for no app.", "Leave it out.")
        found.append(new_profile(_profile_kind(profile), bundle_id, _platform(profile), content))
    return found


def store(
    storage: Storage, passphrase: str, entries: Sequence[StoredIdentity | StoredProfile], version: Version
) -> list[str]:
    """Puts what was read into the storage, in one change. Returns the paths of what was not there already."""
    stored: dict[str, bytes] = {}

    def change(files: Mapping[str, bytes]) -> Changes:
        stored.clear()
        stored.update(Vault(files, passphrase).put(entries, version))
        return Changes(dict(stored))

    storage.update(change, IMPORTED_MESSAGE)
    return list(stored)


def _kind(certificate: Certificate, in_house: bool) -> CertificateType:
    if certificate.kind == "DEVELOPER_ID_INSTALLER":
        return CertificateType.DEVELOPER_ID_INSTALLER
    kind = from_apple_certificate_type(certificate.kind or "", in_house=in_house)
    if kind is None:
        raise Error(
            f"certificate-file: “{certificate.common_name}” is none of the certificates that sign apps.",
            "Give an Apple Development, Apple Distribution, Developer ID or Mac installer certificate.",
        )
    return kind


def _profile_kind(profile: Profile) -> ProfileType:
    if profile.provisions_all_devices:
        mac = "OSX" in profile.platforms
        return ProfileType.DEVELOPER_ID if mac else ProfileType.ENTERPRISE
    if profile.get_task_allow:
        return ProfileType.DEVELOPMENT
    return ProfileType.AD_HOC if profile.devices else ProfileType.APP_STORE


def _platform(profile: Profile) -> Platform:
    only = profile.platforms[0] if len(profile.platforms) == 1 else ""
    return _PLATFORMS.get(only, Platform.IOS)


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Error(f"{name}: {path} cannot be read: {error.strerror}.", "Check the path.") from None
    if len(content) > LARGEST:
        raise Error(f"{name}: {path} is far too large for one.", "Check the path.")
    return content
