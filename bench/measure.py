"""Run a command against a sandbox, and return its cost and its requests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.data import Figure, curve, figure

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
OURS_AND_THE_JOBS = ("ASC_", "APP_STORE_CONNECT_", "GITHUB_", "RUNNER_", "XDG_", "PYTHON", "MATCH_")
"""Prefixes of the environment variables that a measured command does not inherit."""
PYTHON = (sys.executable, "-I")
ENTRYPOINT = (*PYTHON, ROOT / "entrypoint.py")

Command = Sequence[str | Path]
Entries = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Settings:
    """The effort of a run of the benchmark. `growth` is the time for the growth curves in seconds, about."""

    runs: int = 5
    growth: float = 420.0
    quick: bool = False

    def repeated(self, budget: float = 60.0, least: int = 1) -> Iterator[int]:
        """Yield the number of each run of a measurement. Stop early, after `least`, once they took `budget` seconds."""
        ends = time.monotonic() + budget
        for number in range(self.runs):
            if number >= least and time.monotonic() > ends:
                return
            yield number


@dataclass(frozen=True)
class Run:
    """A whole process: seconds from its start to its end, processor seconds, and the peak of its memory in bytes."""

    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Traffic:
    """The requests of a run, the rounds that they took one after the other, and their connections."""

    requests: int
    rounds: int
    connections: int


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: the environment of the commands that use it, and the log of its requests."""

    environment: Mapping[str, str]
    log: Path

    @property
    def url(self) -> str:
        return self.environment["ASC_API_URL"]


@dataclass(frozen=True)
class Asked:
    """A run and its requests. The sandbox served nothing else meanwhile."""

    run: Run
    entries: Entries

    @property
    def requests(self) -> int:
        return len(self.entries)


QUANTITIES: Mapping[str, tuple[str, Callable[[Asked], float]]] = {
    "requests": ("", lambda asked: asked.requests),
    "whole process": ("s", lambda asked: asked.run.seconds),
    "processor": ("s", lambda asked: asked.run.cpu),
    "peak memory": ("MiB", lambda asked: asked.run.peak / MIB),
}
"""Quantity → its unit and its value for a run."""


def run(command: Command, environment: Mapping[str, str]) -> Run:
    """Run one process and return its cost. Ends the benchmark with the output of the process if it fails."""
    with tempfile.NamedTemporaryFile() as said:
        spawn = [sys.executable, "-I", "-S", ROOT / "bench" / "spawn.py", said.name, *command]
        cost = json.loads(_output(spawn, environment))
        if cost.pop("code"):
            raise SystemExit(
                f"bench: {' '.join(map(str, command))} failed:\n{said.read().decode('utf-8', 'replace')}"
            )
    return Run(**cost)


def _output(command: Command, environment: Mapping[str, str]) -> bytes:
    """Run a program and return its output. An exception, as of Ctrl-C, kills it with all that it has started."""
    # A group of its own, because the kill must reach the measured command as well.
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, process_group=0) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return said


def asked(command: Command, sandbox: Sandbox, **environment: str) -> Asked:
    """Run one process and return its cost and its requests to the sandbox."""
    # The log grows with each run: only its new lines belong to this one.
    before = len(entries(sandbox.log))
    done = run(command, {**sandbox.environment, **environment})
    return Asked(done, entries(sandbox.log)[before:])


def in_turn(
    commands: Mapping[str, Command], settings: Settings, environment: Mapping[str, str]
) -> dict[str, list[Run]]:
    """Run the commands in turn (A B C A B C …) and return the runs of each."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    # The first turn fills the caches and does not count.
    for command in commands.values():
        run(command, environment)
    # In turn, so that a busy moment of the machine hits all alike.
    for _ in settings.repeated():
        for name, command in commands.items():
            runs[name].append(run(command, environment))
    return runs


@contextmanager
def sandbox(folder: Path, *options: object) -> Iterator[Sandbox]:
    """Start a sandbox with the demo seed, unless an option names another. Stop it at the end."""
    own = Path(tempfile.mkdtemp(dir=folder))
    key, log = own / "key.json", own / "requests.jsonl"
    # Without a limit in practice: a measurement asks more in an hour than Apple allows.
    command = [*ENTRYPOINT, "sandbox", "--rate-limit", "1000000", *map(str, options)]
    command += ["--key-file", key, "--log", log]
    environment, words = {**os.environ, "TMPDIR": str(own)}, own / "words"
    with (
        words.open("w") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment) as server,
    ):
        try:
            line = server.stdout.readline()
            if not line:
                raise SystemExit(f"bench: the sandbox did not start:\n{words.read_text()}")
            yield Sandbox(_environment(folder, line.split()[-1], key), log)
        finally:
            server.terminate()


def machine_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a measured command: no variables of a job, and `folder` as home."""
    machine = {name: value for name, value in os.environ.items() if not name.startswith(OURS_AND_THE_JOBS)}
    # The peer and bin/run start `python` by its name, so this one comes first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**machine, "PATH": path, "HOME": str(folder), "RUNNER_TEMP": str(folder)}


def _environment(folder: Path, url: str, key: Path) -> dict[str, str]:
    credentials = json.loads(key.read_text())
    return {
        **machine_environment(folder),
        "ASC_API_URL": url,
        "ASC_API_KEY_PATH": str(key),
        "ASC_RUNTIME": "native",
        # codemagic's names
        "APP_STORE_CONNECT_ISSUER_ID": credentials["issuer_id"],
        "APP_STORE_CONNECT_KEY_IDENTIFIER": credentials["key_id"],
        "APP_STORE_CONNECT_PRIVATE_KEY": credentials["key"],
    }


def costs(name: str, runs: Sequence[Run], requests: int | None = None) -> list[Figure]:
    """Return time, processor time and memory of whole processes, and the requests if given."""
    asked = [] if requests is None else [figure(name, "requests", "", [requests])]
    return [
        figure(name, "whole process", "s", [run.seconds for run in runs]),
        figure(name, "processor", "s", [run.cpu for run in runs]),
        figure(name, "peak memory", "MiB", [run.peak / MIB for run in runs]),
        *asked,
    ]


def curves(name: str, runs: Mapping[float, Sequence[Asked]], *quantities: str) -> tuple[Figure, ...]:
    """Return a curve of each of these quantities (of all, if none is named). `runs` has work → runs."""
    return tuple(
        curve(name, quantity, unit, {work: [value(asked) for asked in runs[work]] for work in runs})
        for quantity, (unit, value) in QUANTITIES.items()
        if not quantities or quantity in quantities
    )


def traffic(entries: Entries) -> Traffic:
    """Count requests, rounds and connections in the log of a sandbox. Requests that overlap in time are one round."""
    rounds, ends = 0, 0.0
    for entry in sorted(entries, key=lambda entry: entry["t"]):
        if entry["t"] >= ends:
            rounds += 1
        ends = max(ends, end_of(entry))
    return Traffic(len(entries), rounds, len({entry["connection"] for entry in entries}))


def entries(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def end_of(entry: Mapping[str, object]) -> float:
    """Return the time at which the sandbox had sent the answer, in seconds since its start."""
    return entry["t"] + entry["ms"] / 1000
