"""Import existing certificates, keys and profiles into the storage, under the paths that match uses."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.identity.choosing import choose
from asc.identity.errors import NoMatch
from asc.identity.keys import same_key
from asc.identity.reading import read_certificates, read_identity
from asc.limited_files import read_limited
from asc.provisioning.certificates import AppleCertificate, by_public_key
from asc.provisioning.kinds import (
    CertificateType,
    Platform,
    apple_certificate_types,
    from_apple_certificate_type,
)
from asc.signing.storage import Changes, Storage
from asc.signing.sync.imported_profiles import imported_profiles
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_identity
from asc.signing.vault.texts import DOCS, IMPORTED_MESSAGE
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)

EXPORT_ONE = "Export each identity into a .p12 of its own, and import one after the other."
APPLE_ID = re.compile(r"[A-Z0-9]{10}")
"""The form of Apple's ids of certificates."""


@dataclass(frozen=True)
class IdentityFiles:
    """The file of a key, and the file of its certificate; None if the key's file holds both."""

    certificate: Path | None
    key: Path


def apple_types(in_house: bool) -> tuple[str, ...]:
    """Return all `certificateType`s that the storage keeps. Only its file says which one is imported."""
    types = (
        apple_type
        for kind in CertificateType
        for platform in (Platform.IOS, Platform.MACOS)
        for apple_type in apple_certificate_types(kind, platform, in_house=in_house)
    )
    return tuple(dict.fromkeys(types))


def read_imported_identity(
    files: IdentityFiles,
    password: str | None,
    listed: Sequence[AppleCertificate],
    in_house: bool,
    now: datetime,
) -> StoredIdentity:
    """Return the identity in the files, named by Apple's id if `listed` has the certificate, else by its file.

    Raises IdentityError if key and certificate do not match or cannot be read, Error if the files lack a key.
    """
    content = read_identity(_read(files.key, "key-file"), password, files.key.name)
    if content.key is None:
        raise Error(
            f"key-file: {files.key.name} holds no private key.",
            "Give the .p12 or the PEM with the key.",
        )
    certificates: Iterable[Certificate] = content.certificates
    if files.certificate:
        certificates = read_certificates(_read(files.certificate, "certificate-file"), files.certificate.name)
    try:
        certificate = choose(certificates, content.key, now)
    except NoMatch as error:
        if not (others := _others(content.certificates, content.key)):
            raise
        raise NoMatch(f"{error.message} {_several(files.key, others)}", EXPORT_ONE) from None
    if others := _others(content.certificates, content.key):
        log.warning("%s %s", _several(files.key, others), EXPORT_ONE)
    at_apple = by_public_key(listed, certificate.public_key)
    identifier = at_apple.id if at_apple else _identifier_from(files.certificate or files.key)
    return new_identity(_kind(certificate, in_house), identifier, certificate, content.key)


def _identifier_from(file: Path) -> str:
    """Return the name of a file without the characters that a path in the storage cannot have, or `IMPORTED`."""
    kept = "".join(character for character in file.stem if character.isalnum() or character in "-_")
    return kept.lstrip("-") or "IMPORTED"


def read_imported_profiles(
    paths: Iterable[Path], platforms: Iterable[Platform], now: datetime
) -> list[StoredProfile]:
    """Return the profiles in these files (see imported_profiles). Raises Error for a file that cannot be read."""
    return imported_profiles(((path.name, _read(path, "profile-files")) for path in paths), platforms, now)


def store(
    storage: Storage, passphrase: str, entries: Sequence[StoredIdentity | StoredProfile], version: Version
) -> list[str]:
    """Store the entries in one change, and return the paths that the storage did not have. Raises StorageError."""
    stored: dict[str, bytes] = {}

    def change(files: Mapping[str, bytes]) -> Changes:
        stored.clear()
        vault = Vault(files, passphrase)
        stored.update(vault.put(entries, version))
        return Changes(dict(stored), _other_names(vault, entries))

    storage.update(change, IMPORTED_MESSAGE)
    return [path for path in stored if path not in DOCS]


def _other_names(vault: Vault, entries: Iterable[StoredIdentity | StoredProfile]) -> frozenset[str]:
    """Return the paths of the same certificates under the name of a file, from an import without an API key."""
    ids = {
        entry.certificate.der: entry.certificate_id
        for entry in entries
        if isinstance(entry, StoredIdentity) and APPLE_ID.fullmatch(entry.certificate_id)
    }
    kinds = {entry.certificate_type for entry in entries if isinstance(entry, StoredIdentity)}
    existing = vault.identities(kinds).entries if ids else ()
    return frozenset(
        path
        for identity in existing
        if ids.get(identity.certificate.der, identity.certificate_id) != identity.certificate_id
        for path in identity.files()
    )


def _others(certificates: Iterable[Certificate], key: RSAPrivateKey) -> list[str]:
    """Return the names of signing certificates in a .p12 that belong to another key than the one that was read."""
    return [
        certificate.common_name
        for certificate in certificates
        if certificate.kind and not same_key(certificate, key)
    ]


def _several(file: Path, others: list[str]) -> str:
    # The PKCS#12 library (cryptography) returns only the first private key of a file.
    names = ", ".join(f"“{name}”" for name in others)
    return f"key-file: {file.name} holds several identities, but only the first key can be read. Skipped: {names}."


def _kind(certificate: Certificate, in_house: bool) -> CertificateType:
    if certificate.kind == "DEVELOPER_ID_INSTALLER":
        return CertificateType.DEVELOPER_ID_INSTALLER
    kind = from_apple_certificate_type(certificate.kind or "", in_house=in_house)
    if kind is None:
        raise Error(
            f"certificate-file: “{certificate.common_name}” does not sign apps or installers.",
            "Give an Apple Development, Apple Distribution, Developer ID or Mac installer certificate.",
        )
    return kind


def _read(path: Path, name: str) -> bytes:
    try:
        return read_limited(path)
    except OSError as error:
        raise Error(f"{name}: {path} cannot be read: {error.strerror}.", "Check the path.") from None
