"""Runs a command, and tells how long it took, the memory it used, what it asked of the sandbox, and what was missed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss."""
OURS_AND_THE_JOBS = ("ASC_", "APP_STORE_CONNECT_", "GITHUB_", "RUNNER_", "XDG_", "PYTHON")
"""Starts of the variables that a measured command does not get from here."""


@dataclass(frozen=True)
class Run:
    seconds: float
    peak: int
    """Bytes."""


@dataclass(frozen=True)
class Traffic:
    requests: int
    rounds: int
    connections: int


@dataclass(frozen=True)
class Target:
    """A figure and what it should be."""

    what: str
    figure: object
    wanted: str
    met: bool


@dataclass(frozen=True)
class Sandbox:
    environment: Mapping[str, str]
    log: Path


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> Run:
    """One whole process, from its start to its end."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} failed:\n{said.decode(errors='replace')}")
    return Run(took, usage.ru_maxrss * RSS_UNIT)


@contextmanager
def sandbox(folder: Path, *options: object) -> Iterator[Sandbox]:
    """A sandbox with the demo seed, and the environment that leads a command to it."""
    own = Path(tempfile.mkdtemp(dir=folder))
    key, log = own / "key.json", own / "requests.jsonl"
    command = [sys.executable, "-I", ROOT / "entrypoint.py", "sandbox", *map(str, options)]
    command += ["--key-file", key, "--log", log]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(own)}
    ) as server:
        try:
            url = server.stdout.readline().split()[-1]
            yield Sandbox(_environment(folder, url, key), log)
        finally:
            server.terminate()


def _environment(folder: Path, url: str, key: Path) -> dict[str, str]:
    credentials = json.loads(key.read_text())
    machine = {name: value for name, value in os.environ.items() if not name.startswith(OURS_AND_THE_JOBS)}
    return {
        **machine,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "ASC_API_URL": url,
        "ASC_API_KEY_PATH": str(key),
        "ASC_RUNTIME": "native",
        # codemagic's names
        "APP_STORE_CONNECT_ISSUER_ID": credentials["issuer_id"],
        "APP_STORE_CONNECT_KEY_IDENTIFIER": credentials["key_id"],
        "APP_STORE_CONNECT_PRIVATE_KEY": credentials["key"],
    }


def traffic(entries: Sequence[Mapping[str, object]]) -> Traffic:
    """What the entries of a sandbox's log amount to. Requests whose times overlap are one round."""
    rounds, ends = 0, 0.0
    for entry in sorted(entries, key=lambda entry: entry["t"]):
        if entry["t"] >= ends:
            rounds += 1
        ends = max(ends, entry["t"] + entry["ms"] / 1000)
    return Traffic(len(entries), rounds, len({entry["connection"] for entry in entries}))


def entries(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def print_targets(what: str, targets: Sequence[Target]) -> int:
    """Prints each target beside its figure. Returns how many are missed."""
    print(f"| {what} | figure | target | |\n|---|--:|--:|---|")
    for target in targets:
        print(
            f"| {target.what} | {target.figure} | {target.wanted} | {'met' if target.met else '**missed**'} |"
        )
    print()
    return sum(not target.met for target in targets)
