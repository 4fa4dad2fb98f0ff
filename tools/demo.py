"""`make demo`: a tour from signing to a release in the App Store, against the sandbox, as in a workflow.

Each step runs through bin/run, and shows some lines of its log and its most important outputs. VERBOSE=1 shows all of
it, with the summaries and the requests. PAUSE=1 keeps the sandbox running at the end, so that you can look at its pages
in a browser.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRYPOINT = (str(ROOT / ".venv" / "bin" / "python"), "-I", str(ROOT / "entrypoint.py"))
KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
KEPT_STARTS = ("PIP_", "UV_", "ASC_RUN")
APP = {"bundle-id": "com.example.app"}
VERSION = "1.5.0"
SIZE = 12 * 1024 * 1024
"""Bytes of the .ipa, about: more than one part."""
LINES = 6
"""Lines of a step's log without VERBOSE=1."""
STOP_AFTER = 600
"""Seconds after which the sandbox stops by itself."""


@dataclass(frozen=True)
class Step:
    """A step of the tour: `why` says what it does, `shown` names the outputs that a later step would use."""

    command: str
    why: str
    inputs: Mapping[str, str]
    shown: tuple[str, ...]


def main() -> int:
    """Start the sandbox, run the steps of a release, and print the page to look at. Return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = folder / "requests.jsonl"
        with sandbox(folder, "--log", str(requests), "--stop-after", str(STOP_AFTER)) as job:
            title(f"A local App Store Connect at {job.url}. No Apple account is touched.")
            code = tour(job)
            tell_requests([json.loads(line) for line in requests.read_text().splitlines()])
            if code == 0:
                show_pages(job.url)
    return code


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[Job]:
    """Start a sandbox, and yield a job with its key in this folder. The sandbox stops at the end of the block."""
    key = folder / "api-key.json"
    command = [*ENTRYPOINT, "sandbox", "--key-file", str(key), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            # The sandbox prints its address once it listens and the key is written.
            url = server.stdout.readline().split()[-1]
            yield Job(folder, url, key.read_text())
        finally:
            server.terminate()


def tour(job: Job) -> int:
    """Run the steps, each with the outputs of those before. Stop at the first that fails, and return its code."""
    outputs: dict[str, str] = {}
    steps = steps_of(job.folder, outputs)
    for number, step in enumerate(steps, 1):
        title(f"{number}. {step.command}: {step.why}")
        code, found = job.run(step)
        if code:
            return code
        outputs.update(found)
    return 0


def steps_of(folder: Path, outputs: Mapping[str, str]) -> Iterator[Step]:
    """Yield the steps. The caller adds the outputs of each to `outputs` before it asks for the next."""
    yield Step(
        "sync-signing",
        "make a certificate and a profile, as match keeps them",
        signing(folder),
        ("certificate-name",),
    )
    yield Step(
        "fetch-build-number",
        "find the next free build number",
        {**APP, "platform": "ios"},
        ("build-number", "next-build-number"),
    )
    number = outputs["next-build-number"]
    yield Step(
        "upload-testflight",
        "upload the build and give it to testers",
        upload(folder, number),
        ("build-id", "state", "groups"),
    )
    people = {**APP, "testers": "Ada Example <ada@example.com>", "groups": "Beta testers"}
    yield Step("manage-testers", "invite a tester", people, ("invited", "existing"))
    symbols = {
        "app-id": outputs["app-id"],
        "version": VERSION,
        "build-number": number,
        "directory": str(folder / "dsyms"),
    }
    yield Step("download-dsyms", "fetch the symbols of the build", symbols, ("dsym-count",))
    yield from release_steps(outputs["build-id"])


def signing(folder: Path) -> dict[str, str]:
    """Return the inputs of sync-signing for an empty storage in this folder, which is made."""
    storage = folder / "storage"
    storage.mkdir()
    return {
        "mode": "sync",
        "bundle-ids": APP["bundle-id"],
        "storage": f"dir:{storage}",
        "passphrase": "only for the demo",
        "output-directory": str(folder / "signing"),
        # Only files: the demo must not touch the keychains of a Mac.
        "install": "files",
    }


def upload(folder: Path, number: str) -> dict[str, str]:
    """Return the inputs of upload-testflight for an .ipa with this build number, which is made."""
    ipa = folder / "Example.ipa"
    make = [*ENTRYPOINT, "sandbox", "make-ipa", str(ipa), "--version", VERSION, "--build-number", number]
    subprocess.run([*make, "--size", str(SIZE)], check=True, stdout=subprocess.DEVNULL)
    return {
        "file": str(ipa),
        "whats-new": "en-US: Faster start.\nde-DE: Schnellerer Start.",
        "groups": "QA, Beta testers",
        "uses-non-exempt-encryption": "false",
    }


def release_steps(build_id: str) -> Iterator[Step]:
    """Yield the steps that bring a build to the App Store."""
    store = {**APP, "platform": "ios", "version": VERSION}
    texts = {**store, "metadata": "none", "release-notes": "Faster search."}
    yield Step(
        "update-app-store",
        "write the release notes of the App Store version",
        texts,
        ("version-state", "changed"),
    )
    review = {**store, "build-id": build_id, "release": "manual", "wait": "reviewed"}
    yield Step("submit-app-store", "submit it, and wait for the reviewers", review, ("state", "result"))
    yield Step(
        "release-app-store", "release the approved version", {**store, "wait": "live"}, ("version-state",)
    )


class Job:
    """A job with the key as its secret, whose steps run as the composite actions run them."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        self.folder = folder
        self.url = url
        self._key = key
        tools = Path(os.environ.get("RUNNER_TOOL_CACHE") or ROOT / ".cache" / "tools")
        tools.mkdir(parents=True, exist_ok=True)
        kept = {
            name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_STARTS)
        }
        self._environment = {
            **kept,
            "ASC_API_URL": url,
            "GITHUB_WORKSPACE": str(folder),
            "RUNNER_TEMP": str(folder),
            "RUNNER_TOOL_CACHE": str(tools),
        }

    def run(self, step: Step) -> tuple[int, dict[str, str]]:
        """Run a step and print its log and outputs. Return its exit code and its outputs."""
        output, summary = self.folder / "output", self.folder / "summary"
        for file in (output, summary):
            file.write_text("")
        environment = {
            **self._environment,
            "ASC_COMMAND": step.command,
            "ASC_INPUTS": json.dumps({"api-key": self._key, **step.inputs}),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        with subprocess.Popen(
            [str(ROOT / "bin" / "run")], env=environment, stdout=subprocess.PIPE, text=True
        ) as run:
            tell_log(line for line in run.stdout or () if not line.startswith(("::add-mask::", "::debug::")))
        outputs = read_outputs(output.read_text())
        shown = (
            outputs if verbose() or run.returncode else {name: outputs.get(name, "") for name in step.shown}
        )
        for name, value in shown.items():
            print(f"   → {name}: {value}")
        if verbose():
            print(summary.read_text(), end="")
        return run.returncode, outputs


def verbose() -> bool:
    """Return True if everything is to be shown."""
    return bool(os.environ.get("VERBOSE"))


def tell_log(lines: Iterator[str]) -> None:
    """Print the lines of a log as they come; without VERBOSE=1 the first ones, errors, and how many there are more."""
    told = left_out = 0
    in_group = False
    for line in lines:
        # A group is folded on GitHub: its details are folded here, too.
        in_group = line.startswith("::group::") or (in_group and not line.startswith("::endgroup::"))
        hidden = in_group or line.startswith("::endgroup::")
        if verbose() or line.startswith("::error") or (not hidden and told < LINES):
            print(f"   {line.rstrip()}", flush=True)
            told += 1
        else:
            left_out += not hidden
    if left_out:
        print(f"   … and {left_out} more (VERBOSE=1)")


def tell_requests(entries: list[dict[str, object]]) -> None:
    """Print how many requests the tour took, and with VERBOSE=1 each of them."""
    title(f"The tour took {len(entries)} requests.")
    for entry in entries if verbose() else ():
        print(f"{entry['method']} {entry['path']} → {entry['status']} (connection {entry['connection']})")


def show_pages(url: str) -> None:
    """Wait for Enter with PAUSE=1, so that a person can look at the sandbox. Else say how to see it."""
    if not os.environ.get("PAUSE"):
        print("\nAll of this happened in a sandbox, which stops now. `make demo PAUSE=1` keeps it running.")
        return
    print(f"\nAll of this happened in the sandbox. Look at its pages: {url}/ (docs/sandbox.md)")
    print(
        f"Press Enter to stop it; it stops by itself after {STOP_AFTER // 60} minutes. ", end="", flush=True
    )
    sys.stdin.readline()  # not input(), which raises where there is no terminal


def read_outputs(text: str) -> dict[str, str]:
    """Return the outputs in a file of the runner: `name<<delimiter`, the value, the delimiter."""
    lines = text.splitlines()
    return {head.partition("<<")[0]: value for head, value in zip(lines[::3], lines[1::3], strict=False)}


def title(text: str) -> None:
    """Print a heading with a line above it, between the parts."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
