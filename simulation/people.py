"""Testers and devices: several jobs write the same ones at once, and the check that each is there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simulation.job import Job, Step

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox
    from simulation.running import Outcome

GROUP = "Beta testers"
LISTED, NEW = 12, 3
"""Testers in the list of a job, and how many of them the list of the job before has not."""


def testers(folder: Path, index: int, bundle_id: str) -> Job:
    """Return a job that puts a list of testers into the group. The lists of neighbours overlap."""
    people = [f"tester{number}@example.com" for number in range(index * NEW, index * NEW + LISTED)]
    inputs = {"bundle-id": bundle_id, "groups": GROUP, "testers": "\n".join(people)}
    return Job(folder, "testers", (Step("manage-testers", inputs),))


def devices(folder: Path, index: int) -> Job:
    """Return a job that registers two Macs: one that all jobs register, and one of its own."""
    # Macs, because a new phone would make the profiles of the signing jobs out of date while they are checked.
    listed = {"Shared Mac": 0, f"Mac {index + 1}": index + 1}
    lines = [f"{name}: {_udid(number)}" for name, number in listed.items()]
    return Job(
        folder, "devices", (Step("register-devices", {"devices": "\n".join(lines), "platform": "mac"}),)
    )


def findings(outcomes: Iterable[Outcome], sandbox: Sandbox) -> Iterator[str]:
    """Yield the testers and devices that a job listed and that are not there exactly once."""
    jobs = [outcome.job for outcome in outcomes]
    addresses = {
        address for job in jobs if job.kind == "testers" for address in job.inputs["testers"].splitlines()
    }
    udids = {
        line.partition(": ")[2]
        for job in jobs
        if job.kind == "devices"
        for line in job.inputs["devices"].splitlines()
    }
    world = sandbox.world
    people = Counter(tester.attributes["email"] for tester in world.all("betaTesters"))
    members = Counter(
        tester.attributes["email"]
        for group in world.all("betaGroups")
        if group.attributes["name"] == GROUP
        for tester in world.related(group, "betaTesters")
    )
    registered = Counter(device.attributes["udid"] for device in world.all("devices"))
    for address in sorted(addresses):
        if (people[address], members[address]) != (1, 1):
            yield f"{address} is {people[address]} testers and {members[address]} times in the group"
    for udid in sorted(udids):
        if registered[udid] != 1:
            yield f"the device {udid} is registered {registered[udid]} times"


def _udid(number: int) -> str:
    return f"0A1B2C3D-0000-1000-8000-{number:012X}"
