"""The store as a whole: what lies where, read on demand, and what to put into it."""

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
    """A file of the store that cannot be used, why, and what to do."""

    path: str
    message: str
    remedy: str
    damaged: bool = True
    """False where it is whole, and what belongs to it is not there."""


@dataclass(frozen=True)
class Readable(Generic[Read]):
    """What could be read, in order of the paths, and what could not."""

    entries: tuple[Read, ...]
    faults: tuple[Fault, ...]


class Vault:
    """A store's files, as the storage has them, and the passphrase for them. Nothing is decrypted unasked.

    `team` limits it to the tree in that team's folder, in storages that several teams share. `p12_password` is for
    imported PKCS#12 files that have one of their own.
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
        found = [(path, VaultEntry.parse(path)) for path in self._opener.paths]
        self.entries = tuple(entry for _, entry in found if entry and team in (None, entry.team))
        self.foreign = tuple(path for path, entry in found if entry is None)
        """Files that match would encrypt, but never look for: they are left alone."""

    def identities(
        self, kinds: Collection[CertificateType] | None = None, ids: Collection[str] | None = None
    ) -> Readable[StoredIdentity]:
        """The certificates of these types and ids, each with its key; all where None is given.

        A half without its other half is a fault. Raises WrongPassphrase, BadPassphrase.
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
        """The profiles of these types, bundle ids and platforms; all where None is given.

        Asking for visionOS finds those of iOS. Raises WrongPassphrase, BadPassphrase.
        """
        kept_under = None if platforms is None else {platform.of_profile for platform in platforms}
        wanted = [
            entry
            for entry in self.entries
            if isinstance(entry, ProfileEntry)
            and (kinds is None or entry.profile_type in kinds)
            and (bundle_ids is None or entry.bundle_id in bundle_ids)
            and (kept_under is None or entry.platform in kept_under)
        ]
        opened = self._opener.open(entry.path for entry in wanted)

        def read(entry: ProfileEntry) -> StoredProfile | Fault:
            content = opened[entry.path]
            if isinstance(content, VaultError):
                return Fault(entry.path, content.message, content.remedy)
            try:
                return profile_from(entry, content)
            except UnreadableFile as error:
                return Fault(error.path, error.message, error.remedy)

        return _sorted([read(entry) for entry in wanted], [])

    def put(
        self,
        entries: Iterable[StoredIdentity | StoredProfile],
        version: Version | None = 2,
        *,
        docs: bool = True,
    ) -> dict[str, bytes]:
        """The files to store for `entries`: path → contents, encrypted, as far as the store does not hold them yet.

        `version` None leaves them without encryption. `docs` adds README.md and match_version.txt where the store has
        none. Raises WrongPassphrase where the store is encrypted with another one: it would be mixed up; BadPassphrase.
        """
        plain = {path: data for entry in entries for path, data in entry.files().items()}
        if version is not None:
            secret_of(self._opener.passphrase)
            self._opener.prove()
        held = self._opener.open(path for path in plain if path in self._files)
        changed = [(path, data) for path, data in plain.items() if held.get(path) != data]

        def sealed(item: tuple[str, bytes]) -> bytes:
            return item[1] if version is None else encrypt(item[1], self._opener.passphrase, version)

        put = dict(zip((path for path, _ in changed), side_by_side(sealed, changed), strict=True))
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
        f"Put “{_other_half(entry)}” beside it with sync-signing in the mode import, or remove it.",
        damaged=False,
    )


def _sorted(read: Iterable[Read | Fault], faults: list[Fault]) -> Readable[Read]:
    results = list(read)
    entries = tuple(each for each in results if not isinstance(each, Fault))
    faults = faults + [each for each in results if isinstance(each, Fault)]
    return Readable(entries, tuple(sorted(faults, key=lambda fault: fault.path)))
