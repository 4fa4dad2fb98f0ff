"""The scenario of upload-testflight: one step that does all it can, from the file to the testers."""

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
from reliability.scenarios import Json, Scenario, twice, without
from support.sandbox import build

SIZE, PARTS = 90_000, 3


@dataclass(frozen=True)
class Upload(Scenario):
    """A file of three parts, texts, groups, a tester, beta review; an older build makes way."""

    def prepare(self, machine: Path, sandbox: Sandbox) -> None:
        """Make the .ipa of three parts in the workspace."""
        an_ipa(machine / "workspace", size=SIZE, encryption=None)

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return inputs that use texts, groups, a tester, beta review and expiry."""
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
        """Return the state of the one build: its texts, groups, testers and submissions, and the expired builds."""
        (identifier,) = builds(sandbox)
        ((upload, state),) = [(upload, state) for upload, state in uploads(sandbox) if state != "FAILED"]
        return {
            "outputs": without(done.outputs, "build-id", "build-upload-id", "testflight-url", *_OF_THIS_RUN),
            "ids": (done.outputs["build-id"] == identifier, done.outputs["build-upload-id"] in (upload, "")),
            "upload": state,
            "what's new": whats_new(sandbox),
            "groups": sorted(groups_with_it(sandbox)),
            "submissions": submissions(sandbox),
            "testers": _testers(sandbox, identifier),
            "notes": [
                review_detail.attributes["notes"]
                for review_detail in sandbox.world.all("betaAppReviewDetails")
            ],
            "app": [texts.attributes["feedbackEmail"] for texts in sandbox.world.all("betaAppLocalizations")],
            "expired": sorted(
                build.attributes["version"]
                for build in sandbox.world.all("builds")
                if build.attributes["expired"]
            ),
        }

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each record that exists twice, and each upload with bytes that the file does not have."""
        everything = sandbox.world
        yield from twice("the upload 42", ["" for _, state in uploads(sandbox) if state != "FAILED"])
        yield from twice("the build 42", ["" for _ in builds(sandbox)])
        yield from twice("the group", [group.attributes["name"] for group in everything.all("betaGroups")])
        yield from twice(
            "the tester", [tester.attributes["email"] for tester in everything.all("betaTesters")]
        )
        yield from twice(
            "the text",
            [
                (texts.references["build"], texts.attributes["locale"])
                for texts in everything.all("betaBuildLocalizations")
            ],
        )
        yield from twice(
            "a submission of",
            [submission.references["build"] for submission in everything.all("betaAppReviewSubmissions")],
        )
        # Bytes of another file under the number of this one are the worst that can happen.
        whole = sha256(machine / "workspace" / "Example.ipa")
        yield from ("other bytes arrived" for delivery in sandbox.delivered if delivery.sha256 != whole)


_OF_THIS_RUN = ("resumed", "uploaded-bytes")


def _testers(sandbox: Sandbox, identifier: str) -> list[str]:
    record = sandbox.world.find("builds", identifier)
    assert record
    return [tester.attributes["email"] for tester in sandbox.world.related(record, "individualTesters")]


UPLOAD = Upload(
    "upload-testflight",
    "upload-testflight",
    world(groups=(QA, FRIENDS), builds=[build("1.5.0", "41", id="build-41")]),
    {"part_size": SIZE // PARTS, "processing": Processing(seconds=0), "review": Review(seconds=0)},
)
