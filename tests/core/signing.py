"""What tests of sync-signing are made of: a team at Apple, a store, the step, and a look into what came of it."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asc.formats.mobileprovision import Profile
from asc.identity.certificate import Certificate
from asc.identity.keys import new_private_key
from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.install import files
from asc.signing.sync import identities
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_identity, new_profile
from asc.signing.vault.opening import open_all
from asc.signing.vault.pending import pending_file
from asc.signing.vault.tree import Vault
from asc_sandbox.authority.plans import ProfilePlan, signed
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from signing.storage.places import someone_commits
from support import forked
from support.cheap_p12 import cheap_p12
from support.clock import QuickClock
from support.forked import ForkedStep
from support.sandbox import seed, start_sandbox

Json = dict[str, Any]
APP, WIDGET = "com.example.app", "com.example.app.widget"
BOTH = {"bundle-ids": f"{APP}\n{WIDGET}"}
READ_ONLY = {"mode": "read-only"}
PASSPHRASE = "correct horse, Löwe & 🐎"
P12_PASSWORD = "only-for-the-p12"
PHONE, PAD, OFF = (f"00008110-00000000000000{number:02d}" for number in range(3))
WRITES = ("POST", "PATCH", "DELETE")
DISTRIBUTION, DEVELOPMENT = CertificateType.DISTRIBUTION, CertificateType.DEVELOPMENT
YEAR = timedelta(days=365)


def team(*, bundle_ids: Iterable[str] = (APP, WIDGET), **rest: Any) -> Json:
    """A team that has bundle ids, and nothing else unless told."""
    records = [
        {
            "id": f"BUNDLE{number:04d}",
            "name": each.replace(".", " ").replace("*", "wildcard"),
            "identifier": each,
            # Apple gives it to each bundle id.
            "bundleIdCapabilities": [{"capabilityType": "IN_APP_PURCHASE"}],
        }
        for number, each in enumerate(bundle_ids)
    ]
    return seed(bundleIds=records, **rest)


def device(udid: str, name: str = "A phone", **attributes: Any) -> Json:
    return {"id": f"DEVICE-{udid[-6:]}", "name": name, "udid": udid, **attributes}


@contextmanager
def apple(of: Json | None = None, **options: Any) -> Iterator[Sandbox]:
    """An App Store Connect with a team."""
    with start_sandbox(of or team(), **options) as sandbox:
        yield sandbox


@dataclass
class Store:
    """A folder, or a bare git repository, that certificates are kept in."""

    path: Path
    git: bool = False

    @property
    def location(self) -> str:
        return f"git+file://{self.path}" if self.git else f"dir:{self.path}"

    def files(self) -> dict[str, bytes]:
        """Path → what lies there."""
        if self.git:
            with zipfile.ZipFile(io.BytesIO(_git(self.path, "archive", "--format=zip", "main"))) as archive:
                return {each: archive.read(each) for each in archive.namelist() if not each.endswith("/")}
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self.path).parts)
        }

    def opened(self, passphrase: str = PASSPHRASE) -> dict[str, bytes]:
        return open_all(self.files(), passphrase)

    def vault(self, passphrase: str = PASSPHRASE) -> Vault:
        return Vault(self.files(), passphrase)

    def identities(self) -> tuple[StoredIdentity, ...]:
        found = self.vault().identities()
        assert found.faults == (), found.faults
        return found.entries

    def profiles(self) -> dict[str, Profile]:
        """Path without folders → profile."""
        found = self.vault().profiles()
        assert found.faults == ()
        return {each.path.rpartition("/")[2]: each.profile for each in found.entries}

    def pending(self) -> list[str]:
        return [path for path in self.files() if path.startswith("pending/")]

    def put(self, *entries: StoredIdentity | StoredProfile, passphrase: str = PASSPHRASE) -> Store:
        """Stores entries as a run before would have."""
        self.write(self.vault(passphrase).put(entries))
        return self

    def put_aside(self, key: Any, *, hours_ago: float = 0, kind: CertificateType = DISTRIBUTION) -> Store:
        path, content = pending_file(kind, key, PASSPHRASE, datetime.now(UTC) - timedelta(hours=hours_ago))
        self.write({path: content})
        return self

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            if self.git:
                someone_commits(self.path, name, content, "main")
                continue
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def folder_store(tmp_path: Path, name: str = "store") -> Store:
    (tmp_path / name).mkdir()
    return Store(tmp_path / name)


def git_store(tmp_path: Path, name: str = "store.git") -> Store:
    """A bare repository with a branch main and a first commit, as people make them."""
    path, work = tmp_path / name, tmp_path / f"{name}.work"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", work], check=True)
    who = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    _git(work, *who, "commit", "--quiet", "--allow-empty", "-m", "Begun")
    _git(work, "push", "--quiet", str(path), "main")
    return Store(path, git=True)


def refuse_pushes(store: Store, after: int) -> None:
    """Lets the repository take so many pushes more, and none then."""
    hook = store.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"""#!/bin/sh
count=$(cat "$GIT_DIR/pushes" 2>/dev/null || echo 0)
echo $((count + 1)) > "$GIT_DIR/pushes"
[ "$count" -lt {after} ] || {{ echo "quota is used up" >&2; exit 1; }}
"""
    )
    hook.chmod(0o755)


def take_pushes_again(store: Store) -> None:
    (store.path / "hooks" / "pre-receive").unlink()


def _git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True).stdout


@cache
def a_key(number: int = 0) -> Any:
    """Keys cost a tenth of a second: the same ones for all tests."""
    return new_private_key()


def at_apple(
    sandbox: Sandbox,
    key: Any,
    certificate_type: str = "DISTRIBUTION",
    *,
    days: float | None = None,
    identifier: str | None = None,
) -> Any:
    """A certificate for a key that Apple lists, ending in so many days. Returns the record."""
    end = None if days is None else datetime.now(UTC) + timedelta(days=days)
    issued = sandbox.authority.issue(key.public_key(), certificate_type, not_after=end)
    return sandbox.world.add("certificates", issued.as_record(), record_id=identifier)


def identity_of(record: Any, key: Any, kind: CertificateType = DISTRIBUTION) -> StoredIdentity:
    return new_identity(kind, record.id, certificate_of(record), key)


def certificate_of(record: Any) -> Certificate:
    return Certificate.from_der(base64.b64decode(record.attributes["certificateContent"]))


def profile_file(
    certificate: Certificate,
    *,
    bundle_id: str = APP,
    purpose: Any = "app-store",
    days: float = 200,
    uuid: str = "11111111-2222-3333-4444-555555555555",
    name: str = f"match AppStore {APP}",
    devices: tuple[str, ...] = (),
    platform: str = "IOS",
) -> bytes:
    """A signed profile."""
    now = datetime.now(UTC).replace(microsecond=0)
    plan = ProfilePlan(
        name=name,
        uuid=uuid,
        purpose=purpose,
        platform=platform,
        identifier=bundle_id,
        app_id_name="Example",
        certificates=(certificate.der,),
        created=now - YEAR,
        expires=now + timedelta(days=days),
        devices=devices,
    )
    return signed(plan)


def stored_profile(certificate: Certificate, **about: Any) -> StoredProfile:
    bundle_id = about.get("bundle_id", APP)
    return new_profile(ProfileType.APP_STORE, bundle_id, Platform.IOS, profile_file(certificate, **about))


_MADE: defaultdict[Path, Iterator[int]] = defaultdict(count)
"""How many keys the steps of a test have made."""


def inputs_for(folder: Path, store: Store, inputs: Mapping[str, object]) -> Json:
    usual: Json = {
        "mode": "sync",
        "bundle-ids": APP,
        "storage": store.location,
        "passphrase": PASSPHRASE,
        "output-directory": str(folder / "signing"),
        "install": "files",
        "retry-for": "20s",
    }
    return {name: value for name, value in {**usual, **inputs}.items() if value is not None}


def context(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "RUNNER_TEMP": str(folder), "GITHUB_RUN_ID": "1"}


def step(
    folder: Path,
    sandbox: Sandbox | None,
    store: Store,
    inputs: Mapping[str, object] | None = None,
    *,
    process: bool = False,
    clock: QuickClock | None = None,
    **env: str,
) -> Done:
    """The step sync-signing for one app and the App Store, in the mode sync, unless the inputs say otherwise."""
    given = inputs_for(folder, store, inputs or {})
    env = {**context(folder), **env}
    with (
        patch.object(identities, "new_private_key", lambda: a_key(100 + next(_MADE[folder]))),
        patch.object(files, "p12", cheap_p12),
    ):
        return in_job(
            folder, given, sandbox=sandbox, command="sync-signing", process=process, clock=clock, **env
        )


def clean_up(folder: Path, **env: str) -> Done:
    return in_job(folder, {}, command="cleanup-signing", **{**context(folder), **env})


def start(
    folder: Path,
    sandbox: Sandbox,
    store: Store,
    inputs: Mapping[str, object],
    name: str = "step",
    **variables: str,
) -> ForkedStep:
    """The same step in a process of its own, under way. What it prints goes to `folder`."""
    output, summary = folder / f"{name}.output", folder / f"{name}.summary"
    for file in (output, summary):
        file.write_text("")
    env = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        **context(folder),
        "ASC_COMMAND": "sync-signing",
        "ASC_INPUTS": json.dumps(inputs_for(folder, store, inputs)),
        "ASC_API_URL": sandbox.url,
        "ASC_API_KEY": json.dumps(sandbox.api_key()),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        **variables,
    }
    with (folder / f"{name}.log").open("wb") as log:
        return forked.start([], env, log, log)


def calls(sandbox: Sandbox, *methods: str) -> list[str]:
    """The requests by their methods, as `POST /v1/certificates`; all without a method."""
    return [f"{e.method} {e.path}" for e in sandbox.requests if not methods or e.method in methods]


def certificates(sandbox: Sandbox) -> list[str]:
    """The ids of the certificates that are not revoked."""
    return [each.id for each in sandbox.world.all("certificates")]


def profiles_at_apple(sandbox: Sandbox) -> dict[str, str]:
    """Name → UUID of the active profiles."""
    return {
        each.attributes["name"]: each.attributes["uuid"]
        for each in sandbox.world.all("profiles")
        if each.attributes["profileState"] == "ACTIVE"
    }


def assert_one_certificate_with_its_key(sandbox: Sandbox, store: Store, *, aside: int = 0) -> StoredIdentity:
    """Apple has one certificate; the store has it and its key, and at most so many others put aside."""
    (identity,) = store.identities()
    assert certificates(sandbox) == [identity.certificate_id]
    (record,) = sandbox.world.all("certificates")
    assert certificate_of(record).der == identity.certificate.der
    assert len(store.pending()) <= aside
    return identity


def uuids(store: Store) -> dict[str, str]:
    """Return the UUIDs of the profiles in a store, by name."""
    return {name: profile.uuid for name, profile in store.profiles().items()}
