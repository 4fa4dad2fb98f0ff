"""Read the whole tree of signing assets on demand, and encrypt new assets for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.vault.encryption import Version, encrypt, secret_of
from asc.signing.vault.entries import StoredIdentity, StoredProfile, identity_from, profile_from
from asc.signing.vault.errors import UnreadableFile, VaultError
from asc.signing.vault.layout import (
    CertificateEntry,
    KeyEntry,
    ProfileEntry,
    VaultEntry,
    certificate_path,
    key_path,
)
from asc.signing.vault.opening import Opener, side_by_side
from asc.signing.vault.texts import scaffold

Read = TypeVar("Read")


@dataclass(frozen=True)
class Fault:
    """A stored file that cannot be used. `damaged` is False if the file is whole but its other half is missing."""

    path: str
    message: str
    remedy: str
    damaged: bool = True


@dataclass(frozen=True)
class Readable(Generic[Read]):
    """The readable entries in order of their paths, and a fault for each file that could not be read."""

    entries: tuple[Read, ...]
    faults: tuple[Fault, ...]


class Vault:
    """The files of a storage and their passphrase. Files are decrypted only when they are asked for.

    `team` limits the vault to that team's folder, in storages that several teams share. `p12_password` opens imported
    PKCS#12 files that have a password of their own.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        passphrase: str,
        *,
        team: str | None = None,
        p12_password: str | None = None,
    ) -> None:
        self._files = files
        self._p12_password = p12_password
        self._opener = Opener(files, passphrase)
        # Files that match would encrypt but never reads have no entry, so they are left alone.
        found = (VaultEntry.parse(path) for path in self._opener.paths)
        self.entries = tuple(entry for entry in found if entry and team in (None, entry.team))

    def identities(
        self, kinds: Collection[CertificateType] | None = None, ids: Collection[str] | None = None
    ) -> Readable[StoredIdentity]:
        """Return the identities of these types and ids; None stands for all.

        A certificate without its key, or a key without its certificate, is a fault. Raises WrongPassphrase,
        BadPassphrase.
        """
        halves = [
            entry
            for entry in self.entries
            if isinstance(entry, CertificateEntry | KeyEntry)
            and (kinds is None or entry.certificate_type in kinds)
            and (ids is None or entry.certificate_id in ids)
        ]
        paths = {entry.path for entry in halves}
        faults = [fault for entry in halves if (fault := _alone(entry, paths))]
        whole = [
            entry for entry in halves if isinstance(entry, CertificateEntry) and _other_half(entry) in paths
        ]
        opened = self._opener.open(path for entry in whole for path in (entry.path, _other_half(entry)))

        def read(entry: CertificateEntry) -> StoredIdentity | Fault:
            der, key_file = opened[entry.path], opened[_other_half(entry)]
            for path, half in ((entry.path, der), (_other_half(entry), key_file)):
                if isinstance(half, VaultError):
                    return Fault(path, half.message, half.remedy)
            assert isinstance(der, bytes) and isinstance(key_file, bytes)
            try:
                return identity_from(entry, der, key_file, self._p12_password)
            except UnreadableFile as error:
                return Fault(error.path, error.message, error.remedy)

        return _sorted(side_by_side(read, whole), faults)

    def profiles(
        self,
        kinds: Collection[ProfileType] | None = None,
        bundle_ids: Collection[str] | None = None,
        platforms: Collection[Platform] | None = None,
    ) -> Readable[StoredProfile]:
        """Return the profiles of these types, bundle ids and platforms; None stands for all.

        Raises WrongPassphrase, BadPassphrase.
        """
        # visionOS has no profiles of its own: its apps are signed with those of iOS.
        kept_under = None if platforms is None else {platform.of_profile for platform in platforms}
        requested = [
            entry
            for entry in self.entries
            if isinstance(entry, ProfileEntry)
            and (kinds is None or entry.profile_type in kinds)
            and (bundle_ids is None or entry.bundle_id in bundle_ids)
            and (kept_under is None or entry.platform in kept_under)
        ]
        opened = self._opener.open(entry.path for entry in requested)

        def read(entry: ProfileEntry) -> StoredProfile | Fault:
            content = opened[entry.path]
            if isinstance(content, VaultError):
                return Fault(entry.path, content.message, content.remedy)
            try:
                return profile_from(entry, content)
            except UnreadableFile as error:
                return Fault(error.path, error.message, error.remedy)

        return _sorted([read(entry) for entry in requested], [])

    def put(
        self,
        entries: Iterable[StoredIdentity | StoredProfile],
        version: Version | None = 2,
        *,
        docs: bool = True,
    ) -> dict[str, bytes]:
        """Return the files to store for `entries`, encrypted, without the ones that the storage holds already: path →
        content.

        `version` None leaves them without encryption. `docs` adds README.md and match_version.txt if they are missing.
        Raises WrongPassphrase if the storage has another passphrase; BadPassphrase.
        """
        plain = {path: data for entry in entries for path, data in entry.files().items()}
        if version is not None:
            secret_of(self._opener.passphrase)
            # A storage with two passphrases could be opened completely with neither.
            self._opener.prove()
        held = self._opener.open(path for path in plain if path in self._files)
        # Encrypting is random, so contents are compared decrypted: else each run would store the same files again.
        changed = [(path, data) for path, data in plain.items() if held.get(path) != data]

        def encrypted(item: tuple[str, bytes]) -> bytes:
            return item[1] if version is None else encrypt(item[1], self._opener.passphrase, version)

        put = dict(zip((path for path, _ in changed), side_by_side(encrypted, changed), strict=True))
        return put | scaffold(self._files) if put and docs else put


def _other_half(entry: CertificateEntry | KeyEntry) -> str:
    other = key_path if isinstance(entry, CertificateEntry) else certificate_path
    return other(entry.certificate_type, entry.certificate_id, entry.team)


def _alone(entry: CertificateEntry | KeyEntry, paths: Collection[str]) -> Fault | None:
    if _other_half(entry) in paths:
        return None
    what, other = (
        ("certificate", "private key")
        if isinstance(entry, CertificateEntry)
        else ("private key", "certificate")
    )
    return Fault(
        entry.path,
        f"“{entry.path}” is a {what} without its {other}.",
        f"Add “{_other_half(entry)}” with the mode import of sync-signing, or remove “{entry.path}”.",
        damaged=False,
    )


def _sorted(read: Iterable[Read | Fault], faults: list[Fault]) -> Readable[Read]:
    results = list(read)
    entries = tuple(result for result in results if not isinstance(result, Fault))
    faults = faults + [result for result in results if isinstance(result, Fault)]
    return Readable(entries, tuple(sorted(faults, key=lambda fault: fault.path)))
