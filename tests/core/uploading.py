"""What tests of upload-testflight are made of: an App Store Connect with one app, small files, and the step."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asc_sandbox.plans import Processing, Review
from asc_sandbox.samples import make_ipa
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support import forked
from support.forked import STEP, ForkedStep
from support.sandbox import app, seed, start_sandbox

Json = dict[str, Any]
APP, APP_ID = "com.example.app", "1000000001"
NUMBER = {"bundle_id": APP, "version": "1.5.0", "build_number": "42"}
SIZE, PART = 1024 * 1024, 256 * 1024
"""A small file goes up in four parts."""
CONTACT = {
    "contactFirstName": "Ada",
    "contactLastName": "Example",
    "contactEmail": "ada@example.com",
    "contactPhone": "+15555550100",
}
WRITES = ("POST", "PATCH", "DELETE")


def group(name: str, *, internal: bool = False, **attributes: Any) -> Json:
    """A group of testers; an internal one gets the builds that it is given."""
    also = {"hasAccessToAllBuilds": False} if internal else {}
    return {"name": name, "isInternalGroup": internal, **also, **attributes}


QA, FRIENDS = group("QA", internal=True), group("Beta testers")


DESCRIBED = {"locale": "en-US", "description": "An example.", "feedbackEmail": "beta@example.com"}
"""What beta review needs besides the contact."""


def world(*, groups: Iterable[Json] = (QA, FRIENDS), contact: Json = CONTACT, **rest: Any) -> Json:
    """One app, with a contact and a description for beta review."""
    attributes = {
        "id": APP_ID,
        "betaGroups": list(groups),
        "betaAppReviewDetail": contact,
        "betaAppLocalizations": [DESCRIBED],
        **rest,
    }
    return seed(apps=[app(APP, **attributes)])


@contextmanager
def apple(of: Json | None = None, *, outcome: Any = "valid", **options: Any) -> Iterator[Sandbox]:
    """An App Store Connect that takes parts of 256 KiB and is done at once unless told otherwise."""
    usual: Json = {
        "part_size": PART,
        "processing": Processing(seconds=0, outcome=outcome),
        "review": Review(seconds=0),
    }
    with start_sandbox(of or world(), **{**usual, **options}) as sandbox:
        yield sandbox


def an_ipa(folder: Path, name: str = "Example.ipa", size: int = SIZE, **rest: Any) -> Path:
    """A file of 1.5.0 (42); another `seed` makes other bytes."""
    return make_ipa(folder / name, **{**NUMBER, "size": size, **rest})


def step(
    folder: Path, sandbox: Sandbox, inputs: Json | None = None, *, process: bool = False, **env: str
) -> Done:
    """The step upload-testflight, with a file unless the inputs name something else."""
    given = {"retry-for": "20s", "timeout": "20s", **(inputs or {})}
    return in_job(folder, given, sandbox=sandbox, command="upload-testflight", process=process, **env)


def start(
    folder: Path, sandbox: Sandbox, inputs: Json, name: str = "step", *, quick: bool = False
) -> ForkedStep:
    """The same step in a process of its own, under way. What it prints goes to `folder`.

    The pauses of a quick one take a twentieth.
    """
    output, summary = folder / f"{name}.output", folder / f"{name}.summary"
    for file in (output, summary):
        file.write_text("")
    env = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "ASC_COMMAND": "upload-testflight",
        "ASC_INPUTS": json.dumps({"retry-for": "20s", "timeout": "20s", **inputs}),
        "ASC_API_URL": sandbox.url,
        "ASC_API_KEY": json.dumps(sandbox.api_key()),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    with (folder / f"{name}.log").open("wb") as log:
        return forked.start([], env, log, log, run="support.clock:run_quickly" if quick else STEP)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def calls(sandbox: Sandbox, *methods: str) -> list[str]:
    """The requests by their methods, as `POST /v1/buildUploads`; all without a method."""
    return [f"{e.method} {e.path}" for e in sandbox.requests if not methods or e.method in methods]


def uploads(sandbox: Sandbox) -> list[tuple[str, str]]:
    """The uploads of 1.5.0 (42): id and state."""
    return [
        (each.id, each.attributes["state"]["state"])
        for each in sandbox.world.all("buildUploads")
        if each.attributes["cfBundleVersion"] == "42"
    ]


def builds(sandbox: Sandbox) -> list[str]:
    """The ids of the builds 42."""
    return [each.id for each in sandbox.world.all("builds") if each.attributes["version"] == "42"]


def assert_exactly_one(sandbox: Sandbox, file: Path, state: str = "COMPLETE") -> None:
    """One upload of the number, one build of it, and the bytes are those of the file."""
    assert [each for _, each in uploads(sandbox)] == [state]
    assert len(builds(sandbox)) == 1
    assert [each.sha256 for each in sandbox.delivered] == [sha256(file)]


def assert_nothing_begun(sandbox: Sandbox) -> None:
    """Not a write was sent, and not a byte of the file."""
    assert calls(sandbox, *WRITES, "PUT") == []


def whats_new(sandbox: Sandbox) -> dict[str, str | None]:
    """What testers read about build 42, by locale; locales without a text are left out."""
    (build,) = builds(sandbox)
    found = {
        each.attributes["locale"]: each.attributes.get("whatsNew")
        for each in sandbox.world.all("betaBuildLocalizations")
        if each.references["build"] == (build,)
    }
    return {locale: text for locale, text in found.items() if text}


def groups_with_it(sandbox: Sandbox) -> set[str]:
    """The names of the groups that have build 42."""
    (build,) = builds(sandbox)
    return {
        each.attributes["name"]
        for each in sandbox.world.all("betaGroups")
        if build in [one.id for one in sandbox.world.related(each, "builds")]
    }


def submissions(sandbox: Sandbox) -> list[str]:
    """The states of the submissions of build 42 to beta review."""
    (build,) = builds(sandbox)
    return [
        each.attributes["betaReviewState"]
        for each in sandbox.world.all("betaAppReviewSubmissions")
        if each.references["build"] == (build,)
    ]
