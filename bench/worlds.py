"""Make seeds of the sandbox and storages of sync-signing, of the size that a measurement needs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asc_sandbox.samples import make_ipa
from bench.measure import ENTRYPOINT, Asked, Command, Run, Sandbox, asked, machine_environment, run

APP = ("--bundle-id", "com.example.app")
PASSPHRASE = "correct horse battery staple"
KEY = {"id": "BENCH00001", "role": "ADMIN"}


def app_seed(folder: Path, builds: int) -> Path:
    """Write the seed of an app with so many builds, each with symbols, a hundred in a train. Return its path."""
    numbers = [{"version": str(number), "buildBundles": [{}]} for number in range(1, builds + 1)]
    trains = [
        {"version": f"1.{start // 100}", "platform": "IOS", "builds": numbers[start : start + 100]}
        for start in range(0, builds, 100)
    ]
    app = {"id": "1000000001", "name": "Example", "bundleId": APP[1], "preReleaseVersions": trains}
    return written(folder / f"app-{builds}.yml", {"apps": [app]})


@dataclass(frozen=True)
class Team:
    """A team: how many bundle ids, devices and profiles of other apps it has, and the capabilities of an id."""

    bundle_ids: int
    devices: int = 0
    others: int = 0
    capabilities: tuple[str, ...] = ()

    @property
    def identifiers(self) -> list[str]:
        return [f"com.example.app{number:04d}" for number in range(self.bundle_ids)]

    @property
    def udids(self) -> dict[str, str]:
        """Return name → UDID of the devices."""
        return {f"Phone {number}": f"00008110-{number:016X}" for number in range(self.devices)}

    def seed(self, folder: Path) -> Path:
        names = [*self.identifiers, *(["com.example.other"] if self.others else [])]
        world: dict[str, Any] = {
            "bundleIds": [
                {
                    "id": f"BUNDLE{number:04d}",
                    "name": name.replace(".", " "),
                    "identifier": name,
                    "bundleIdCapabilities": [{"capabilityType": kind} for kind in self.capabilities],
                }
                for number, name in enumerate(names)
            ],
            "devices": [
                {"id": f"DEVICE{number:04d}", "name": name, "udid": udid}
                for number, (name, udid) in enumerate(self.udids.items())
            ],
            "profiles": [
                {
                    "name": f"Other {number}",
                    "profileType": "IOS_APP_STORE",
                    "bundleId": f"BUNDLE{len(names) - 1:04d}",
                }
                for number in range(self.others)
            ],
        }
        path = folder / f"team-{self.bundle_ids}-{self.devices}-{self.others}.yml"
        return written(path, {name: records for name, records in world.items() if records})


@dataclass(frozen=True)
class Store:
    """A storage of sync-signing: a bare git repository on this machine."""

    path: Path

    @classmethod
    def begun(cls, folder: Path) -> Store:
        """Make the repository with a first commit, as people do."""
        store, environment = cls(folder / "store.git"), machine_environment(folder)
        who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
        work = folder / "store"
        for arguments in (
            ("init", "--quiet", "--bare", "--initial-branch=main", store.path),
            ("init", "--quiet", "--initial-branch=main", work),
            ("-C", work, *who, "commit", "--quiet", "--allow-empty", "-m", "Begun"),
            ("-C", work, "push", "--quiet", store.path, "main"),
        ):
            subprocess.run(["git", *arguments], env=environment, check=True)
        return store

    def command(self, team: Team, mode: str, *options: str) -> Command:
        """Return the command of sync-signing for all bundle ids of a team."""
        return (
            *ENTRYPOINT,
            *("sync-signing", "--mode", mode, "--bundle-ids", ",".join(team.identifiers)),
            *("--storage", f"git+file://{self.path}", "--passphrase", PASSPHRASE),
            *(
                "--install",
                "files",
                "--output-directory",
                str(self.path.parent / "signing"),
                *options,
                "--json",
            ),
        )

    def sync(self, team: Team, sandbox: Sandbox, *options: str) -> Asked:
        """Run the mode sync once, and return its cost and requests."""
        return asked(self.command(team, "sync", *options), sandbox)

    def read(self, team: Team) -> Run:
        """Run the mode read-only once, without an App Store Connect, and return its cost."""
        return run(self.command(team, "read-only"), machine_environment(self.path.parent))

    def clean_up(self) -> Run:
        """Remove the files that earlier runs put on the machine, and return the cost."""
        return run((*ENTRYPOINT, "cleanup-signing"), machine_environment(self.path.parent))


def written(path: Path, world: dict[str, Any]) -> Path:
    """Write a seed with the key of the benchmark, and return its path."""
    path.write_text(yaml.dump({"keys": [KEY], **world}, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))
    return path


def make_file(path: Path, size: int, **about: Any) -> Path:
    """Make an .ipa of about this size, with a build number that the demo seed does not have. Return its path."""
    return make_ipa(path, size=size, version="9.0", build_number="1", **about)
