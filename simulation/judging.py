"""Check the state after a run. Each finding is a sentence; a good run has none."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from asc.signing.vault.tree import Vault
from asc_sandbox.server import Sandbox
from simulation import events, people, releases, stores
from simulation.job import Job
from simulation.organisation import PASSPHRASE, VERSION
from simulation.relay import Relay
from simulation.running import Outcome

# The words of the errors that a job ends with if another one uploaded its number.
LOST_THE_RACE = re.compile(r"is already used|[Aa]nother job|takes? the number|took the number")
MOST_REFUSALS = 40
"""The most answers 429 to one job. A job that waits for an hour gets about this many; more would be a storm."""


def findings(
    outcomes: Sequence[Outcome],
    sandbox: Sandbox,
    relay: Relay,
    places: Mapping[str, Mapping[str, str]],
    longest: float,
) -> list[str]:
    """Return everything that is wrong. `longest` is the number of seconds that a job may take."""
    return [
        *_failures(outcomes),
        *_laggards(outcomes, longest),
        *_builds(outcomes, sandbox),
        *releases.findings(outcomes, sandbox),
        *people.findings(outcomes, sandbox),
        *events.findings(relay, outcomes, sandbox, VERSION),
        *(finding for kind in places for finding in _storage(kind, places[kind], outcomes, sandbox)),
    ]


def lost_the_race(outcome: Outcome) -> bool:
    """Return True if the job failed because another job took its build number or submitted its version.

    Its error must say so.
    """
    if releases.lost_the_race(outcome):
        return True
    return outcome.code == 1 and bool(outcome.job.number and LOST_THE_RACE.search(outcome.error))


def _failures(outcomes: Iterable[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.code is None:
            yield f"{_name(outcome.job)} did not end: {outcome.log.strip().splitlines()[-1:]}"
        elif outcome.code and not lost_the_race(outcome):
            yield f"{_name(outcome.job)} failed ({outcome.code}): {outcome.error or outcome.log[-300:]}"


def _laggards(outcomes: Iterable[Outcome], longest: float) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.seconds > longest:
            yield f"{_name(outcome.job)} took {outcome.seconds:.0f} s"
        if outcome.refusals > MOST_REFUSALS:
            yield f"{_name(outcome.job)} was refused {outcome.refusals} times"


def _builds(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Iterator[str]:
    """Yield each build number unless it has exactly one build, from the file of the one job that succeeded."""
    rivals: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.job.number:
            rivals[outcome.job.number].append(outcome)
    delivered = defaultdict(list)
    for file in sandbox.delivered:
        delivered[_number_of(sandbox, file.upload_id)].append(file.sha256)
    built = defaultdict(int)
    for build in sandbox.world.all("builds"):
        (app,) = sandbox.world.related(build, "app")
        built[app.attributes["bundleId"], build.attributes["version"]] += 1
    for number, group in rivals.items():
        winners = [_sha256(Path(rival.job.inputs["file"])) for rival in group if rival.code == 0]
        if not (built[number] == 1 and len(winners) == 1 and delivered[number] == winners):
            yield (
                f"{' '.join(number)} has {built[number]} builds of {len(delivered[number])} files, "
                f"and {len(winners)} jobs say that it is theirs"
            )


def _storage(
    kind: str, inputs: Mapping[str, str], outcomes: Iterable[Outcome], sandbox: Sandbox
) -> Iterator[str]:
    """Yield the faults of one storage, if any job used it."""
    requested = {outcome.job.inputs["bundle-ids"] for outcome in outcomes if outcome.job.kind == kind}
    if requested:
        yield from _signing(kind, inputs, requested, sandbox)
    if requested and kind == "git":
        yield from _history(inputs)


def _signing(kind: str, inputs: Mapping[str, str], requested: set[str], sandbox: Sandbox) -> Iterator[str]:
    """Yield the faults of certificates and profiles in a storage and at Apple."""
    certificate_type, profile_type = stores.TYPES[kind]
    files = stores.read(inputs)
    vault = Vault(files, PASSPHRASE)
    identities = vault.identities({certificate_type})
    profiles = vault.profiles({profile_type})
    faults = [*identities.faults, *profiles.faults]
    if faults:
        yield f"the {kind} storage has files that cannot be used: {faults}"
    at_apple = {
        base64.b64decode(certificate.attributes["certificateContent"])
        for certificate in sandbox.world.all("certificates")
        if certificate.attributes["certificateType"] == certificate_type.name
    }
    stored = {identity.certificate.der for identity in identities.entries}
    # However many jobs ran at once, they must end with one certificate of the type, with its key in the storage.
    if len(stored) != 1 or at_apple != stored:
        without = len(at_apple - stored)
        yield f"the {kind} storage has {len(stored)} certificates, Apple {len(at_apple)}; {without} without key"
    if pending := [path for path in files if path.startswith("pending/")]:
        yield f"the {kind} storage has pending keys: {pending}"
    active = {
        profile.attributes["uuid"]
        for profile in sandbox.world.all("profiles")
        if profile.attributes["profileState"] == "ACTIVE"
    }
    good = {entry.bundle_id for entry in profiles.entries if entry.profile.uuid in active}
    if requested - good:
        yield f"the {kind} storage has no active profile for {', '.join(sorted(requested - good))}"


def _history(inputs: Mapping[str, str]) -> Iterator[str]:
    commits = stores.history(inputs)
    # Each line is a commit and its parents: one commit has no parent, and none is a merge.
    if sum(len(commit) == 1 for commit in commits) != 1 or any(len(commit) > 2 for commit in commits):
        yield "the git history is not linear"


def _number_of(sandbox: Sandbox, upload_id: str) -> tuple[str, str]:
    upload = sandbox.world.find("buildUploads", upload_id)
    assert upload and upload.attributes["cfBundleShortVersionString"] == VERSION
    (app,) = sandbox.world.related(upload, "app")
    return app.attributes["bundleId"], upload.attributes["cfBundleVersion"]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name(job: Job) -> str:
    return f"{job.folder.name} ({job.kind}{' ' + ' '.join(job.number) if job.number else ''})"
