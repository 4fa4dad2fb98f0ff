"""Importing: certificates, keys and profiles that a team has already, put where match would have put them."""

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

EXPORT_ONE = "Export each identity into a .p12 of its own, and import them one after the other."
APPLE_ID = re.compile(r"[A-Z0-9]{10}")
"""What Apple's ids of certificates look like."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a file that can be one of these."""


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
    files: Files, password: str | None, listed: Sequence[AppleCertificate], in_house: bool, now: datetime
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
    try:
        certificate = choose(certificates, found.key, now)
    except NoMatch as error:
        if not (others := _others(found.certificates, found.key)):
            raise
        raise NoMatch(f"{error.message} {_several(files.key, others)}", EXPORT_ONE) from None
    if others := _others(found.certificates, found.key):
        log.warning("%s %s", _several(files.key, others), EXPORT_ONE)
    at_apple = by_public_key(listed, certificate.public_key)
    stem = (files.certificate or files.key).stem
    identifier = (
        at_apple.id
        if at_apple
        else "".join(c for c in stem if c.isalnum() or c in "-_").lstrip("-") or "IMPORTED"
    )
    return new_identity(_kind(certificate, in_house), identifier, certificate, found.key)


def read_imported_profiles(
    paths: Iterable[Path], platforms: Iterable[Platform], now: datetime
) -> list[StoredProfile]:
    """Return the profiles of these files; see imported_profiles. Raises Error for a file that cannot be read."""
    return imported_profiles(((path.name, _read(path, "profile-files")) for path in paths), platforms, now)


def store(
    storage: Storage, passphrase: str, entries: Sequence[StoredIdentity | StoredProfile], version: Version
) -> list[str]:
    """Puts what was read into the storage, in one change. Returns the paths of what was not there already."""
    stored: dict[str, bytes] = {}

    def change(files: Mapping[str, bytes]) -> Changes:
        stored.clear()
        vault = Vault(files, passphrase)
        stored.update(vault.put(entries, version))
        return Changes(dict(stored), _other_names(vault, entries))

    storage.update(change, IMPORTED_MESSAGE)
    return [path for path in stored if path not in DOCS]


def _other_names(vault: Vault, entries: Iterable[StoredIdentity | StoredProfile]) -> frozenset[str]:
    """The files of the same certificates that an import without an API key named like the user's file."""
    given = {
        each.certificate.der: each.certificate_id
        for each in entries
        if isinstance(each, StoredIdentity) and APPLE_ID.fullmatch(each.certificate_id)
    }
    kinds = {each.certificate_type for each in entries if isinstance(each, StoredIdentity)}
    there = vault.identities(kinds).entries if given else ()
    return frozenset(
        path
        for each in there
        if given.get(each.certificate.der, each.certificate_id) != each.certificate_id
        for path in each.files()
    )


def _others(certificates: Iterable[Certificate], key: RSAPrivateKey) -> list[str]:
    """Names of certificates of a .p12 that sign, and belong to another key than the one that was read."""
    return [each.common_name for each in certificates if each.kind and not same_key(each, key)]


def _several(file: Path, others: list[str]) -> str:
    # The library for PKCS#12 hands out the first private key of a file, and no other one.
    names = ", ".join(f"“{name}”" for name in others)
    return f"key-file: {file.name} holds several identities; the first key alone is read, and left out is: {names}."


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


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Error(f"{name}: {path} cannot be read: {error.strerror}.", "Check the path.") from None
    if len(content) > LARGEST:
        raise Error(f"{name}: {path} is far too large for one.", "Check the path.")
    return content
