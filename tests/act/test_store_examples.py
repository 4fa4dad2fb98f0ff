"""The way of a store page from a pull request to the release, by the four examples of the docs as they stand."""

from __future__ import annotations

import json
from pathlib import Path

from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from sandbox.store import png
from support.examples import example, run_example
from support.runner import Result, Runner
from support.sandbox import app, build, seed, start_sandbox
from support.store import ready_version

PAGE, HEADING = "docs/update-app-store.md", "From a pull request to the release"
FILES = {
    "metadata/en-US/name.txt": b"Example",
    "metadata/en-US/description.txt": b"Keeps what you want to remember.",
    "metadata/en-US/release_notes.txt": b"Faster search.",
    "metadata/copyright.txt": b"{year} Example Team",
    "screenshots/en-US/1_start.png": png(shade=1),
    "screenshots/en-US/2_list.png": png(shade=2),
}


def world() -> dict[str, object]:
    """An app with version 1.5.0 live and a processed build of 1.6.0."""
    live = ready_version("1.5.0", appVersionState="READY_FOR_DISTRIBUTION", createdDate="30 days ago")
    builds = [build("1.6.0", "48", id="build-48", usesNonExemptEncryption=False)]
    return seed(apps=[app("com.example.app", builds=builds, versions=[live])])


def run(number: int, house: Path, runner: Runner, sandbox: Sandbox) -> Result:
    """Run one of the four examples."""
    secrets = {"ASC_API_KEY": json.dumps(sandbox.api_key())}
    steps = {"upload": {"build-id": "build-48"}}
    (result,) = run_example(example(PAGE, HEADING, number=number), house, runner, secrets, steps)
    assert (result.exit_code, result.log.problems) == (0, []), result.log.text
    return result


def test_the_four_examples_take_a_page_from_the_check_to_the_release(
    house: Path, tmp_path: Path, tools: Path
) -> None:
    with start_sandbox(world(), store=Store(review=0.2, media=0.1, release=0.1)) as sandbox:
        runner = Runner(tmp_path / "job", env={"ASC_RUNTIME": "native", "ASC_API_URL": sandbox.url})
        runner.tool_cache = tools
        for name, content in FILES.items():
            path = runner.workspace / "fastlane" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        assert run(1, house, runner, sandbox).outputs["ready"] == "true"
        assert list(sandbox.requests) == []
        updated = run(2, house, runner, sandbox)
        assert (updated.outputs["created"], updated.outputs["uploaded-screenshots"]) == ("true", "2")
        assert run(2, house, runner, sandbox).outputs["changed"] == "false"
        submitted = run(3, house, runner, sandbox)
        assert submitted.outputs["result"] == "approved"
        released = run(4, house, runner, sandbox)
        assert released.outputs["version-state"] in ("PROCESSING_FOR_DISTRIBUTION", "READY_FOR_DISTRIBUTION")
