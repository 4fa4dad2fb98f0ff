"""The scenarios that change whole storages on servers: another passphrase, a copy, and an import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from asc.identity.p12 import p12
from asc.signing.vault.encryption import version_of
from asc.signing.vault.errors import WrongPassphrase
from asc.signing.vault.layout import SUFFIXES
from asc.signing.vault.opening import Opener
from asc_sandbox.server import Sandbox
from core.running import Done
from core.signing import (
    P12_PASSWORD,
    PASSPHRASE,
    Store,
    a_key,
    at_apple,
    certificate_of,
    identity_of,
    profile_file,
    stored_profile,
    team,
)
from reliability.scenarios import Json, writes
from reliability.storages import CompletePlaced, Placed, scenarios_of

NEW_PASSPHRASE = "the next passphrase of the team"


@dataclass(frozen=True)
class NewPassphrase(CompletePlaced):
    """The mode change-passphrase with a complete storage on a server."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs with both passphrases. They are the same in the second run."""
        return {**super().inputs(machine, sandbox), "new-passphrase": NEW_PASSPHRASE}

    def secrets(self) -> Iterable[str]:
        """Return the new passphrase as well."""
        return (*super().secrets(), NEW_PASSPHRASE)

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the kinds of the stored files, and the number that each passphrase opens."""
        files = _encrypted(self.store(machine).files())
        return {
            "files": _kinds(files),
            "opened by the old": len(_opened(files, PASSPHRASE)),
            "opened by the new": len(_opened(files, NEW_PASSPHRASE)),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each file that opens with neither passphrase, and the lost file of another writer."""
        # If others write a file at each attempt, the step fails and both passphrases are in use. A rerun ends that.
        files = _encrypted(self.store(machine).files())
        old, new = _opened(files, PASSPHRASE), _opened(files, NEW_PASSPHRASE)
        yield from (f"{path} opens with neither passphrase" for path in sorted({*files} - {*old, *new}))
        yield from self.lost_of_others()


@dataclass(frozen=True)
class Copied(Placed):
    """The mode migrate, from a folder to an empty storage on a server."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that name the server as the target."""
        inputs = super().inputs(machine, sandbox)
        if token := inputs.pop("storage-token", ""):
            inputs["to-storage-token"] = token
        return {**inputs, "to-storage": inputs["storage"], "storage": self._source(machine).location}

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Make the folder as an earlier run left it."""
        source = self._source(machine)
        source.path.mkdir()
        identity = identity_of(at_apple(sandbox, a_key()), a_key())
        source.put(identity, stored_profile(identity.certificate))

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the kinds of the files in both storages, and True if the copies are equal."""
        # The files for people, such as README.md, are created if the target allows it.
        source, target = _encrypted(self._source(machine).files()), _encrypted(self.store(machine).files())
        return {"source": _kinds(source), "target": _kinds(target), "equal": source == target}

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each copy that differs from its source, and the lost file of another writer."""
        source = _encrypted(self._source(machine).files())
        for path, data in self.store(machine).files().items():
            if path in source and data != source[path]:
                yield f"the copy of {path} differs"
        yield from self.lost_of_others()

    def _source(self, machine: Path) -> Store:
        return Store(machine.with_name(f"{machine.name}.source"))


@dataclass(frozen=True)
class Imported(Placed):
    """The mode import: a certificate with its key, and a profile, to an empty storage on a server."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that name the files of an older machine."""
        folder = _old_mac(machine)
        return {
            **super().inputs(machine, sandbox),
            "key-file": str(folder / "old.p12"),
            "profile-files": str(folder / "old.mobileprovision"),
        }

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Write the files of the older machine. Apple knows the certificate."""
        super().prepare(machine, sandbox)
        certificate = certificate_of(at_apple(sandbox, a_key()))
        folder = _old_mac(machine)
        folder.mkdir()
        (folder / "old.p12").write_bytes(p12(a_key(), certificate, P12_PASSWORD, "Old"))
        (folder / "old.mobileprovision").write_bytes(profile_file(certificate))

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the names of the stored profiles, and True if the identity has the id that Apple gave it."""
        store = self.store(machine)
        return {
            "apple's id": [identity.certificate_id for identity in store.identities()]
            == [record.id for record in sandbox.world.all("certificates")],
            "stored": sorted(store.profiles()),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each request to App Store Connect that writes, and the lost file of another writer."""
        yield from writes(sandbox)
        yield from self.lost_of_others()


def _old_mac(machine: Path) -> Path:
    return machine.with_name(f"{machine.name}.old-mac")


def _encrypted(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.endswith(SUFFIXES)}


def _kinds(files: Mapping[str, bytes]) -> list[str]:
    """Return the folder and the suffix of each file, because the names have ids in them."""
    return sorted(f"{PurePosixPath(path).parent}/*{PurePosixPath(path).suffix}" for path in files)


def _opened(files: Mapping[str, bytes], passphrase: str) -> set[str]:
    """Return the paths of the encrypted files that the passphrase opens."""
    opener = Opener(files, passphrase)
    try:
        opened = opener.open(opener.paths)
    except WrongPassphrase:
        return set()
    return {
        path for path, content in opened.items() if isinstance(content, bytes) and version_of(files[path])
    }


MOVING = (
    *scenarios_of(NewPassphrase, "change-passphrase", team(), 12),
    *scenarios_of(Copied, "migrate", team(), 20),
    *scenarios_of(Imported, "import", team(), 20),
)
"""Shares of all cells, as in reliability.storages."""
