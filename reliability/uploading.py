"""upload-testflight from the file to the testers: everything that one step can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.plans import Processing, Review
from asc_sandbox.server import Sandbox
from core.running import Done
from core.uploading import (
    FRIENDS,
    QA,
    an_ipa,
    builds,
    groups_with_it,
    sha256,
    submissions,
    uploads,
    whats_new,
    world,
)
from reliability.hurry import RETRY_FOR, TIMEOUT
from reliability.scenarios import Json, Scenario, only, twice
from support.sandbox import build

SIZE, PARTS = 90_000, 3


@dataclass(frozen=True)
class Upload(Scenario):
    """A file of three parts, texts, groups, a tester, beta review; an older build makes way."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """The file."""
        an_ipa(machine / "workspace", size=SIZE, encryption=None)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """All that can be wished for."""
        return {
            "file": "Example.ipa",
            "whats-new": "{en-US: Faster., de-DE: Schneller.}",
            "app-info": "{en-US: {feedback-email: qa@example.com}}",
            "groups": "QA, Family",
            "create-groups": "external",
            "testers": "ada@example.com",
            "uses-non-exempt-encryption": "false",
            "beta-review-info": "notes: Hello from us.",
            "expire-previous-builds": "train",
            "wait": "available",
            "retry-for": RETRY_FOR,
            "timeout": TIMEOUT,
        }

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """The build, whole, once, and who has it."""
        (identifier,) = builds(sandbox)
        ((upload, state),) = [each for each in uploads(sandbox) if each[1] != "FAILED"]
        return {
            "outputs": only(done.outputs, "build-id", "build-upload-id", "testflight-url", *_OF_THIS_RUN),
            "ids": (done.outputs["build-id"] == identifier, done.outputs["build-upload-id"] in (upload, "")),
            "upload": state,
            "what's new": whats_new(sandbox),
            "groups": sorted(groups_with_it(sandbox)),
            "submissions": submissions(sandbox),
            "testers": _testers(sandbox, identifier),
            "notes": [each.attributes["notes"] for each in sandbox.world.all("betaAppReviewDetails")],
            "app": [each.attributes["feedbackEmail"] for each in sandbox.world.all("betaAppLocalizations")],
            "expired": sorted(
                each.attributes["version"]
                for each in sandbox.world.all("builds")
                if each.attributes["expired"]
            ),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Nothing twice, and no other bytes."""
        everything = sandbox.world
        yield from twice("the upload 42", ["" for _, state in uploads(sandbox) if state != "FAILED"])
        yield from twice("the build 42", ["" for _ in builds(sandbox)])
        yield from twice("the group", [each.attributes["name"] for each in everything.all("betaGroups")])
        yield from twice("the tester", [each.attributes["email"] for each in everything.all("betaTesters")])
        yield from twice(
            "the text",
            [
                (each.references["build"], each.attributes["locale"])
                for each in everything.all("betaBuildLocalizations")
            ],
        )
        yield from twice(
            "a submission of",
            [each.references["build"] for each in everything.all("betaAppReviewSubmissions")],
        )
        whole = sha256(machine / "workspace" / "Example.ipa")
        yield from ("other bytes arrived" for each in sandbox.delivered if each.sha256 != whole)


_OF_THIS_RUN = ("resumed", "uploaded-bytes")


def _testers(sandbox: Sandbox, identifier: str) -> list[str]:
    record = sandbox.world.find("builds", identifier)
    assert record
    return [each.attributes["email"] for each in sandbox.world.related(record, "individualTesters")]


UPLOAD = Upload(
    "upload-testflight",
    "upload-testflight",
    world(groups=(QA, FRIENDS), builds=[build("1.5.0", "41", id="build-41")]),
    {"part_size": SIZE // PARTS, "processing": Processing(seconds=0), "review": Review(seconds=0)},
)
