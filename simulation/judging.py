"""What must be so in the end. Each finding is a sentence; none is what is wanted."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from asc.signing.vault.tree import Vault
from asc_sandbox.server import Sandbox
from simulation import stores
from simulation.organisation import PASSPHRASE, VERSION, Job
from simulation.running import Outcome

LOST_THE_RACE = re.compile(r"is already used|[Aa]nother job|takes? the number|took the number")
MOST_REFUSALS = 40
"""Answers 429 to one job: what waiting an hour costs, not a storm."""


def findings(
    outcomes: Sequence[Outcome], sandbox: Sandbox, places: Mapping[str, Mapping[str, str]], longest: float
) -> list[str]:
    """All that is wrong. `longest` is how many seconds a job may take."""
    return [
        *_failures(outcomes),
        *_laggards(outcomes, longest),
        *_builds(outcomes, sandbox),
        *(each for kind in places for each in _store(kind, places[kind], outcomes, sandbox)),
    ]


def lost_the_race(outcome: Outcome) -> bool:
    """Whether the job failed since another one had its number, and says so."""
    return outcome.code == 1 and bool(outcome.job.number and LOST_THE_RACE.search(outcome.error))


def _failures(outcomes: Iterable[Outcome]) -> Iterator[str]:
    for each in outcomes:
        if each.code is None:
            yield f"{_name(each.job)} did not end: {each.log.strip().splitlines()[-1:]}"
        elif each.code and not lost_the_race(each):
            yield f"{_name(each.job)} failed ({each.code}): {each.error or each.log[-300:]}"


def _laggards(outcomes: Iterable[Outcome], longest: float) -> Iterator[str]:
    for each in outcomes:
        if each.seconds > longest:
            yield f"{_name(each.job)} took {each.seconds:.0f} s"
        if each.refusals > MOST_REFUSALS:
            yield f"{_name(each.job)} was refused {each.refusals} times"


def _builds(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Iterator[str]:
    """Exactly one build for each number, of the file of the one job that says it was its own."""
    rivals: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.job.number:
            rivals[each.job.number].append(each)
    delivered = defaultdict(list)
    for file in sandbox.delivered:
        delivered[_number_of(sandbox, file.upload_id)].append(file.sha256)
    built = defaultdict(int)
    for build in sandbox.world.all("builds"):
        (app,) = sandbox.world.related(build, "app")
        built[app.attributes["bundleId"], build.attributes["version"]] += 1
    for number, group in rivals.items():
        winners = [_sha256(Path(each.job.inputs["file"])) for each in group if each.code == 0]
        if not (built[number] == 1 and len(winners) == 1 and delivered[number] == winners):
            yield (
                f"{' '.join(number)} has {built[number]} builds of {len(delivered[number])} files, "
                f"and {len(winners)} jobs say it is theirs"
            )


def _store(
    kind: str, inputs: Mapping[str, str], outcomes: Iterable[Outcome], sandbox: Sandbox
) -> Iterator[str]:
    wanted = {each.job.inputs["bundle-ids"] for each in outcomes if each.job.kind == kind}
    if wanted:
        yield from _signing(kind, inputs, wanted, sandbox)
    if wanted and kind == "git":
        yield from _history(inputs)


def _signing(kind: str, inputs: Mapping[str, str], wanted: set[str], sandbox: Sandbox) -> Iterator[str]:
    """One certificate of the type, at Apple and with its key in the store, and an active profile for each app."""
    certificate_type, profile_type = stores.TYPES[kind]
    files = stores.read(inputs)
    vault = Vault(files, PASSPHRASE)
    identities = vault.identities({certificate_type})
    profiles = vault.profiles({profile_type})
    faults = [*identities.faults, *profiles.faults]
    if faults:
        yield f"the {kind} store has files of no use: {faults}"
    at_apple = {
        base64.b64decode(each.attributes["certificateContent"])
        for each in sandbox.world.all("certificates")
        if each.attributes["certificateType"] == certificate_type.name
    }
    stored = {each.certificate.der for each in identities.entries}
    if len(stored) != 1 or at_apple != stored:
        without = len(at_apple - stored)
        yield f"the {kind} store has {len(stored)} certificates, Apple {len(at_apple)}; {without} without key"
    if pending := [path for path in files if path.startswith("pending/")]:
        yield f"the {kind} store has keys put aside: {pending}"
    active = {
        each.attributes["uuid"]
        for each in sandbox.world.all("profiles")
        if each.attributes["profileState"] == "ACTIVE"
    }
    good = {each.bundle_id for each in profiles.entries if each.profile.uuid in active}
    if wanted - good:
        yield f"the {kind} store has no active profile for {', '.join(sorted(wanted - good))}"


def _history(inputs: Mapping[str, str]) -> Iterator[str]:
    commits = stores.history(inputs)
    if sum(len(each) == 1 for each in commits) != 1 or any(len(each) > 2 for each in commits):
        yield "the git history is not linear"


def _number_of(sandbox: Sandbox, upload_id: str) -> tuple[str, str]:
    upload = sandbox.world.find("buildUploads", upload_id)
    assert upload and upload.attributes["cfBundleShortVersionString"] == VERSION
    (app,) = sandbox.world.related(upload, "app")
    return app.attributes["bundleId"], upload.attributes["cfBundleVersion"]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name(job: Job) -> str:
    return f"{job.folder.name} ({job.command}{' ' + ' '.join(job.number) if job.number else ''})"
