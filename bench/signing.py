"""Measure sync-signing: requests by work, and time against a peer and against git clone with decryption alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from bench import measure
from bench.data import Chapter, Chart, Figure, Target, compared, curve
from bench.measure import PYTHON, ROOT, Asked, Command, Sandbox, Settings, costs, end_of
from bench.peers import codemagic, one_after_the_other
from bench.worlds import PASSPHRASE, Store, Team

WORKS = (1, 3, 30, 100)
"""Numbers of bundle ids."""
DEVICES, OTHERS = (1, 100, 300), (0, 100, 450)
"""Numbers of devices of the team, and of profiles of other apps."""
FEW, STORED, MADE = 3, 50, 30
"""Bundle ids of most measurements, profiles that read-only reads, and profiles that are made at a time."""
LATENCY = 100
"""Milliseconds a request."""
P12_PASSWORD = "bench"
OURS, READ, PEER, FLOOR = (
    "sync-signing, mode sync",
    "sync-signing, mode read-only",
    "codemagic fetch-signing-files, once for each",
    "floor: git clone and decryption",
)
AD_HOC = ("--type", "ad-hoc")


def chapters(settings: Settings) -> Iterator[Chapter]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield in_sync(folder, settings)
        yield read_only(folder, settings)
        yield by_work(folder, settings)


@contextmanager
def synced(
    folder: Path, team: Team, *options: str, latency: float = 0
) -> Iterator[tuple[Sandbox, Store, Asked]]:
    """Run sync-signing once for a team. Yield the sandbox, the storage and that first run, which made everything."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        own = Path(name)
        store = Store.begun(own)
        with measure.sandbox(own, "--seed", team.seed(own), "--latency", latency) as sandbox:
            yield sandbox, store, store.sync(team, sandbox, *options)


def in_sync(folder: Path, settings: Settings) -> Chapter:
    """Compare ours, the peer and the floor for a few bundle ids that are in sync."""
    team = Team(FEW)
    with synced(folder, team, "--p12-password", P12_PASSWORD) as (sandbox, store, _):
        commands = {
            OURS: store.command(team, "sync"),
            READ: store.command(team, "read-only"),
            PEER: fetch_signing_files(team, store),
            FLOOR: floor(store),
        }
        asked = {name: measure.asked(command, sandbox) for name, command in commands.items()}
        runs = measure.in_turn(commands, settings, sandbox.environment)
    figures = [result for name in commands for result in costs(name, runs[name], asked[name].requests)]
    by_name = {(result.name, result.quantity): result.value for result in figures}
    faster = by_name[PEER, "whole process"] / by_name[OURS, "whole process"]
    return Chapter(
        f"sync-signing, {FEW} bundle ids that are in sync",
        "The storage is a bare git repository on this machine. codemagic-cli-tools has no storage: in each job it asks "
        "Apple for the certificate and the profiles, and gets the private key as an input.",
        compared(figures),
        targets=(
            Target(f"requests in sync, {FEW} bundle ids", by_name[OURS, "requests"], 3),
            Target("requests in read-only", by_name[READ, "requests"], 0),
        ),
        sentences=(
            f"If {FEW} bundle ids are in sync, sync-signing makes {by_name[OURS, 'requests']:.0f} requests and "
            f"codemagic-cli-tools {by_name[PEER, 'requests']:.0f}, and sync-signing is {faster:.1f} times as fast.",
        ),
    )


def read_only(folder: Path, settings: Settings) -> Chapter:
    """Read many profiles from a local repository, without a request to Apple."""
    team = Team(STORED)
    with synced(folder, team) as (_, store, _):
        commands = {READ: store.command(team, "read-only"), FLOOR: floor(store)}
        runs = measure.in_turn(commands, settings, measure.machine_environment(folder))
    figures = compared(result for name in commands for result in costs(name, runs[name]))
    ours, least = (result.value for result in figures if result.quantity == "whole process")
    return Chapter(
        f"sync-signing, read-only, {STORED} profiles",
        "The storage is a bare git repository on this machine. The floor only clones it and decrypts every file.",
        figures,
        targets=(Target(f"times git clone and decryption alone, {STORED} profiles", ours / least, 3),),
        sentences=(
            f"sync-signing reads {STORED} profiles from git in {ours / least:.1f} times the time of `git clone` "
            "and decryption alone.",
        ),
    )


def by_work(folder: Path, settings: Settings) -> Chapter:
    """Count the requests for more bundle ids, for more devices, and beside more profiles of other apps."""
    bundle_ids = {count: made_and_kept(folder, settings, Team(count)) for count in WORKS}
    devices = {count: made_and_kept(folder, settings, Team(FEW, devices=count), *AD_HOC) for count in DEVICES}
    others = {count: made_and_kept(folder, settings, Team(FEW, others=count)) for count in OTHERS}
    at_once, rounds = side_by_side(folder)
    return Chapter(
        "sync-signing by work",
        f"The first chart is about App Store profiles; the charts by devices and by profiles of other apps have {FEW} "
        f"bundle ids. Of {MADE} new profiles, the step requests {at_once:.1f} at a time on average, at {LATENCY} ms a "
        "request.",
        charts=(
            Chart(
                "signing-bundle-ids",
                "sync-signing by bundle ids",
                "bundle ids",
                curves(bundle_ids),
                plotted=True,
            ),
            Chart(
                "signing-devices", "sync-signing, ad hoc, by devices of the team", "devices", curves(devices)
            ),
            Chart(
                "signing-profiles", "sync-signing by profiles of other apps", "other profiles", curves(others)
            ),
        ),
        targets=(
            *(
                Target(f"requests in sync, {x} bundle ids", requests.kept, 3)
                for x, requests in bundle_ids.items()
            ),
            *(
                Target(f"requests to make {x} profiles", requests.made, 6 + x)
                for x, requests in bundle_ids.items()
            ),
            Target(f"requests in sync, ad hoc, {DEVICES[-1]} devices", devices[DEVICES[-1]].kept, 4),
            Target(f"requests in sync beside {OTHERS[-1]} profiles of others", others[OTHERS[-1]].kept, 3),
            Target("profiles made at a time", at_once, 4, "at least"),
            Target("rounds before the profiles are made", rounds, 4),
        ),
    )


@dataclass(frozen=True)
class MadeAndKept:
    """Requests of the run that makes everything and of one in sync, and the seconds of the runs in sync."""

    made: int
    kept: int
    seconds: tuple[float, ...]


def made_and_kept(folder: Path, settings: Settings, team: Team, *options: str) -> MadeAndKept:
    with synced(folder, team, *options) as (sandbox, store, first):
        kept = [store.sync(team, sandbox, *options) for _ in settings.repeated(budget=10)]
    return MadeAndKept(first.requests, kept[-1].requests, tuple(asked.run.seconds for asked in kept))


def curves(found: dict[int, MadeAndKept]) -> tuple[Figure, ...]:
    return (
        curve("in sync", "requests", "", {x: [counts.kept] for x, counts in found.items()}),
        curve("everything is made", "requests", "", {x: [counts.made] for x, counts in found.items()}),
        curve("in sync", "whole process", "s", {x: counts.seconds for x, counts in found.items()}),
    )


def side_by_side(folder: Path) -> tuple[float, int]:
    """Return the average number of profiles that are made at a time, and the rounds of requests before them."""
    with synced(folder, Team(MADE), latency=LATENCY) as (_, _, made):
        posts = [
            entry for entry in made.entries if (entry["method"], entry["path"]) == ("POST", "/v1/profiles")
        ]
        begun = min(entry["t"] for entry in posts)
        # The time of all requests divided by the span in which they were made is how many ran at a time.
        span = max(map(end_of, posts)) - begun
        before = [entry for entry in made.entries if entry["t"] < begun]
        return sum(entry["ms"] for entry in posts) / 1000 / span, measure.traffic(before).rounds


def fetch_signing_files(team: Team, store: Store) -> Command:
    """Return the command of the peer for all bundle ids, with the private key of our first run."""
    signing = store.path.parent / "signing"
    return one_after_the_other(
        codemagic(
            *("fetch-signing-files", identifier, "--strict-match-identifier", "--type", "IOS_APP_STORE"),
            *("--platform", "UNIVERSAL"),
            *("--certificate-key", f"@file:{private_key(signing)}"),
            *("--certificates-dir", f"{signing}-peer", "--profiles-dir", f"{signing}-peer"),
        )
        for identifier in team.identifiers
    )


def private_key(signing: Path) -> Path:
    """Write the key of the p12 in the form that the peer reads, and return its path."""
    (p12,) = signing.glob("*.p12")
    key, _, _ = pkcs12.load_key_and_certificates(p12.read_bytes(), P12_PASSWORD.encode())
    path = signing.parent / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return path


def floor(store: Store) -> Command:
    script = ROOT / "bench" / "floors" / "signing.py"
    return (*PYTHON, script, f"file://{store.path}", PASSPHRASE)
