"""sync-signing: a team that begins, one whose store is complete, one that looks first, one that revokes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asc.identity.keys import public_key_der
from asc.provisioning.kinds import ProfileType
from asc.signing.vault.pending import pending_keys
from asc_sandbox.server import Sandbox
from core.running import Done
from core.signing import (
    APP,
    DISTRIBUTION,
    P12_PASSWORD,
    PAD,
    PASSPHRASE,
    PHONE,
    WIDGET,
    Store,
    a_key,
    at_apple,
    certificate_of,
    device,
    git_store,
    identity_of,
    profiles_at_apple,
    stored_profile,
    team,
)
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario, twice

UUIDS = {APP: "11111111-2222-3333-4444-555555555555", WIDGET: "11111111-2222-3333-4444-666666666666"}


@dataclass(frozen=True)
class Signing(Scenario):
    """What the modes share. The store is a git repository where `git` says so, else a folder."""

    mode: str = "sync"
    git: bool = False

    def store(self, machine: Path) -> Store:
        """Where certificates are kept: not on this machine."""
        return Store(machine.with_name(f"{machine.name}.store"), git=self.git)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """For two apps."""
        return {
            "mode": self.mode,
            "bundle-ids": f"{APP}, {WIDGET}",
            "storage": self.store(machine).location,
            "p12-password": P12_PASSWORD,
            "install": "files",
            "retry-for": RETRY_FOR,
        }

    def env(self, sandbox: Sandbox) -> dict[str, str]:
        """The passphrase, as people who come from match have it."""
        return {"MATCH_PASSWORD": PASSPHRASE}

    def secrets(self) -> Iterable[str]:
        """What opens the store and the p12."""
        return (PASSPHRASE, P12_PASSWORD)

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """An empty store."""
        store = self.store(machine)
        if self.git:
            shutil.copytree(_empty_repository(machine.parents[1]), store.path)
        else:
            store.path.mkdir()

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Apple's side, the store, the files; ids and fingerprints are others each time."""
        store = self.store(machine)
        identities = store.identities()
        return {
            "changed at last": done.outputs["changed"] in ("true", "false"),
            "certificates": len(sandbox.world.all("certificates")),
            "identities": len(identities),
            "the right one": done.outputs["certificate-id"]
            in ("", *(each.certificate_id for each in identities)),
            "stored": sorted(store.profiles()),
            # One that Apple has certified nowhere lies there for a day: its run may just be asking.
            "keys put aside": len(_put_aside(store).keys() & _certified(sandbox)),
            "profiles": sorted(profiles_at_apple(sandbox)),
            "bundle ids": sorted(
                (each.attributes["identifier"], _capabilities(sandbox, each))
                for each in sandbox.world.all("bundleIds")
            ),
            "devices": sorted(each.attributes["udid"] for each in sandbox.world.all("devices")),
            "written": _written(machine),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """No key is lost, nothing is there twice, and what was written is for its owner alone."""
        yield from self._lost_keys(machine, sandbox)
        everything = sandbox.world
        yield from twice("the bundle id", [e.attributes["identifier"] for e in everything.all("bundleIds")])
        yield from twice("the device", [e.attributes["udid"] for e in everything.all("devices")])
        yield from twice("the profile", [e.attributes["name"] for e in everything.all("profiles")])
        yield from twice("a certificate", ["" for _ in everything.all("certificates")])
        for path in _all_written(machine):
            if path.stat().st_mode & 0o077:
                yield f"{path.name} can be read by others"

    def _lost_keys(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        store = self.store(machine)
        keys = {*_put_aside(store), *(public_key_der(each.key) for each in store.identities())}
        for public_key, record_id in _certified(sandbox).items():
            if public_key not in keys:
                yield f"the key of the certificate {record_id} is lost"


def _put_aside(store: Store) -> dict[bytes, str]:
    """Public key → path of what is put aside in the store."""
    keys = pending_keys(store.files(), DISTRIBUTION, PASSPHRASE)
    return {public_key_der(key): path for path, key in keys.items()}


def _certified(sandbox: Sandbox) -> dict[bytes, str]:
    """Public key → id of the certificates at Apple."""
    return {certificate_of(each).public_key: each.id for each in sandbox.world.all("certificates")}


@dataclass(frozen=True)
class Sync(Signing):
    """From nothing: a device, a bundle id with a capability, a certificate, two profiles."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Everything that can be registered is."""
        return {
            **super().inputs(machine, sandbox),
            "type": "ad-hoc",
            "devices": f"A phone: {PHONE}",
            "register-bundle-ids": "true",
            "capabilities": "PUSH_NOTIFICATIONS",
        }


@dataclass(frozen=True)
class Complete(Signing):
    """A store with a certificate and two profiles, which Apple has as well."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """As an earlier run has left it."""
        super().prepare(machine, sandbox)
        record = at_apple(sandbox, a_key())
        certificate = certificate_of(record)
        stored = [
            stored_profile(certificate, bundle_id=each, uuid=uuid, name=f"match AppStore {each}")
            for each, uuid in UUIDS.items()
        ]
        self.store(machine).put(identity_of(record, a_key()), *stored)
        for number, (each, uuid) in enumerate(UUIDS.items()):
            about = {"name": f"match AppStore {each}", "profileType": "IOS_APP_STORE", "uuid": uuid}
            of = {"bundleId": f"BUNDLE{number:04d}", "certificates": [record.id]}
            sandbox.world.add("profiles", about, of)


@dataclass(frozen=True)
class Plan(Signing):
    """What would be done is told, and nothing is done."""

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """The plan in words, and a world as it was."""
        told = [line for line in done.stdout.splitlines() if line.startswith("Would ")]
        return {**super().facts(machine, sandbox, done), "told": told}

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Looking changes nothing."""
        yield from super().wrongs(machine, sandbox)
        yield from (
            f"{each.method} {each.path} was sent" for each in sandbox.requests if each.method != "GET"
        )


@dataclass(frozen=True)
class Revoke(Complete):
    """What is confirmed goes; a second run confirms what is left."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """The user has read what is left."""
        certificates, profiles = (len(sandbox.world.all(each)) for each in ("certificates", "profiles"))
        confirm = f"{certificates} certificate{'s' * (certificates != 1)}, {profiles} profile{'s' * (profiles != 1)}"
        return {**super().inputs(machine, sandbox), "type": ProfileType.APP_STORE.value, "confirm": confirm}

    def is_finished(self, facts: Json, expected: Json) -> bool:
        """Of what an earlier run revoked before it was ended, files may stay in the store: they do no harm."""
        stale = {name: expected[name] for name in ("identities", "stored")}
        return {**facts, **stale} == expected


def _capabilities(sandbox: Sandbox, record: object) -> list[str]:
    found = sandbox.world.related(record, "bundleIdCapabilities")  # type: ignore[arg-type]
    return sorted(each.attributes["capabilityType"] for each in found)


def _all_written(machine: Path) -> list[Path]:
    return [path for path in (machine / "workspace" / "signing").rglob("*") if path.is_file()]


def _written(machine: Path) -> list[str]:
    """The kinds of files that were written: their names have ids in them."""
    return sorted({path.suffix for path in _all_written(machine)})


def _empty_repository(folder: Path) -> Path:
    """Made once for all cells of a run; the course without faults comes first, alone."""
    there = folder / "store.git"
    return there if there.exists() else git_store(folder).path


BEGINNING = team(bundle_ids=[APP], devices=[device(PAD)])
SYNC = Sync("sync-signing, sync", "sync-signing", BEGINNING)
SYNC_GIT = Sync("sync-signing, sync, git", "sync-signing", BEGINNING, only_ended=True, git=True)
READ_ONLY = Complete("sync-signing, read-only", "sync-signing", team(), mode="read-only")
PLAN = Plan("sync-signing, plan", "sync-signing", team(), mode="plan")
REVOKE = Revoke("sync-signing, revoke", "sync-signing", team(), mode="revoke")
