"""The scenarios of sync-signing: a first run, a complete storage, a plan, and a revocation."""

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
from reliability.scenarios import Json, Scenario, twice, writes

UUIDS = {APP: "11111111-2222-3333-4444-555555555555", WIDGET: "11111111-2222-3333-4444-666666666666"}


@dataclass(frozen=True)
class Signing(Scenario):
    """The base of the modes. The storage is a git repository if `git` is set, else a folder."""

    mode: str = "sync"
    git: bool = False

    def store(self, machine: Path) -> Store:
        """Return the storage, which is outside the machine of the step."""
        return Store(machine.with_name(f"{machine.name}.store"), git=self.git)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs for two bundle ids."""
        return {
            "mode": self.mode,
            "bundle-ids": f"{APP}, {WIDGET}",
            "storage": self.store(machine).location,
            "p12-password": P12_PASSWORD,
            "install": "files",
            "retry-for": RETRY_FOR,
        }

    def env(self, sandbox: Sandbox) -> dict[str, str]:
        """Return the passphrase in the variable that match uses."""
        return {"MATCH_PASSWORD": PASSPHRASE}

    def secrets(self) -> Iterable[str]:
        """Return the passphrase of the storage and the password of the p12."""
        return (PASSPHRASE, P12_PASSWORD)

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Make the empty storage that the step fills."""
        self.make_store(machine)

    def make_store(self, machine: Path) -> None:
        """Make an empty storage: a folder or a git repository."""
        store = self.store(machine)
        if self.git:
            shutil.copytree(_empty_repository(machine.parents[1]), store.path)
        else:
            store.path.mkdir()

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the state at Apple, in the storage and on the machine, without ids and fingerprints."""
        store = self.store(machine)
        identities = store.identities()
        return {
            "changed is set": done.outputs["changed"] in ("true", "false"),
            "certificates": len(sandbox.world.all("certificates")),
            "identities": len(identities),
            "certificate-id is stored": done.outputs["certificate-id"]
            in ("", *(identity.certificate_id for identity in identities)),
            "stored": sorted(store.profiles()),
            # A key without a certificate stays for a day, because the run that made it may still be asking Apple.
            "keys put aside": len(_put_aside(store).keys() & _certified(sandbox)),
            "profiles": sorted(profiles_at_apple(sandbox)),
            "bundle ids": sorted(
                (bundle_id.attributes["identifier"], _capabilities(sandbox, bundle_id))
                for bundle_id in sandbox.world.all("bundleIds")
            ),
            "devices": sorted(device.attributes["udid"] for device in sandbox.world.all("devices")),
            "written": _written(machine),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each lost key, each record that exists twice, and each file that others can read."""
        yield from self._lost_keys(machine, sandbox)
        for what, kind, attribute in (
            ("the bundle id", "bundleIds", "identifier"),
            ("the device", "devices", "udid"),
            ("the profile", "profiles", "name"),
        ):
            yield from twice(what, [record.attributes[attribute] for record in sandbox.world.all(kind)])
        # One certificate serves all bundle ids, so a second one is too many.
        yield from twice("a certificate", ["" for _ in sandbox.world.all("certificates")])
        for path in _all_written(machine):
            if path.stat().st_mode & 0o077:
                yield f"{path.name} can be read by others"

    def _lost_keys(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        store = self.store(machine)
        keys = {*_put_aside(store), *(public_key_der(identity.key) for identity in store.identities())}
        for public_key, record_id in _certified(sandbox).items():
            if public_key not in keys:
                yield f"the key of the certificate {record_id} is lost"


def _put_aside(store: Store) -> dict[bytes, str]:
    """Return public key → path of the pending keys in the storage."""
    keys = pending_keys(store.files(), DISTRIBUTION, PASSPHRASE)
    return {public_key_der(key): path for path, key in keys.items()}


def _certified(sandbox: Sandbox) -> dict[bytes, str]:
    """Return public key → id of the certificates at Apple."""
    return {
        certificate_of(certificate).public_key: certificate.id
        for certificate in sandbox.world.all("certificates")
    }


@dataclass(frozen=True)
class Sync(Signing):
    """A first run: it makes a device, a bundle id with a capability, a certificate, and two profiles."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that register a device, a bundle id and a capability."""
        return {
            **super().inputs(machine, sandbox),
            "type": "ad-hoc",
            "devices": f"A phone: {PHONE}",
            "register-bundle-ids": "true",
            "capabilities": "PUSH_NOTIFICATIONS",
        }


@dataclass(frozen=True)
class Complete(Signing):
    """A storage with a certificate and two profiles, which Apple has as well."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Make Apple and the storage as an earlier run left them."""
        super().prepare(machine, sandbox)
        record = at_apple(sandbox, a_key())
        certificate = certificate_of(record)
        stored = [
            stored_profile(certificate, bundle_id=bundle_id, uuid=uuid, name=f"match AppStore {bundle_id}")
            for bundle_id, uuid in UUIDS.items()
        ]
        self.store(machine).put(identity_of(record, a_key()), *stored)
        for number, (bundle_id, uuid) in enumerate(UUIDS.items()):
            about = {"name": f"match AppStore {bundle_id}", "profileType": "IOS_APP_STORE", "uuid": uuid}
            of = {"bundleId": f"BUNDLE{number:04d}", "certificates": [record.id]}
            sandbox.world.add("profiles", about, of)


@dataclass(frozen=True)
class Plan(Signing):
    """The mode plan: it prints the plan and changes nothing."""

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the lines of the plan, and the unchanged state."""
        plan = [line for line in done.stdout.splitlines() if line.startswith("Would ")]
        return {**super().facts(machine, sandbox, done), "plan": plan}

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each broken rule of a sync, and each request that is not a GET."""
        yield from super().wrongs(machine, sandbox)
        yield from writes(sandbox)


@dataclass(frozen=True)
class Revoke(Complete):
    """The mode revoke: it deletes the confirmed certificates and profiles. A second run confirms the rest."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that confirm the present counts."""
        certificates, profiles = (len(sandbox.world.all(kind)) for kind in ("certificates", "profiles"))
        confirm = f"{certificates} certificate{'s' * (certificates != 1)}, {profiles} profile{'s' * (profiles != 1)}"
        return {**super().inputs(machine, sandbox), "type": ProfileType.APP_STORE.value, "confirm": confirm}

    def is_finished(self, facts: Json, expected: Json) -> bool:
        """Return True if only files of records that an ended run revoked are left in the storage: they do no harm."""
        stale = {name: expected[name] for name in ("identities", "stored")}
        return {**facts, **stale} == expected


def _capabilities(sandbox: Sandbox, record: object) -> list[str]:
    found = sandbox.world.related(record, "bundleIdCapabilities")  # type: ignore[arg-type]
    return sorted(capability.attributes["capabilityType"] for capability in found)


def _all_written(machine: Path) -> list[Path]:
    return [path for path in (machine / "workspace" / "signing").rglob("*") if path.is_file()]


def _written(machine: Path) -> list[str]:
    """Return the suffixes of the written files, because their names have ids in them."""
    return sorted({path.suffix for path in _all_written(machine)})


def _empty_repository(folder: Path) -> Path:
    """Return an empty repository, made once for all cells of a run."""
    # No lock: the run without faults comes first, alone.
    there = folder / "store.git"
    return there if there.exists() else git_store(folder).path


BEGINNING = team(bundle_ids=[APP], devices=[device(PAD)])
SYNC = Sync("sync-signing, sync", "sync-signing", BEGINNING)
SYNC_GIT = Sync("sync-signing, sync, git", "sync-signing", BEGINNING, only_ended=True, git=True)
READ_ONLY = Complete("sync-signing, read-only", "sync-signing", team(), mode="read-only")
PLAN = Plan("sync-signing, plan", "sync-signing", team(), mode="plan")
REVOKE = Revoke("sync-signing, revoke", "sync-signing", team(), mode="revoke")
