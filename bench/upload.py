"""Measures upload-testflight: parts side by side, throughput against curl, memory, requests. Prints three tables.

Sandbox and command share the machine's cores. The sandbox hashes and writes what it gets, so on loopback it is
mostly the sandbox that is waited for: the ratios within one run mean something, the MiB/s little.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

from asc.commands.upload_testflight.inputs import Inputs
from asc_sandbox.samples import make_ipa
from bench import curl, measure
from bench.measure import ROOT, Run, Target, print_targets

MIB = 1024 * 1024
UPLOAD = (sys.executable, "-I", ROOT / "entrypoint.py", "upload-testflight")
NO_WAIT = ("--wait", "none")
NUMBER = {"version": "9.0", "build_number": "1"}
PARALLEL = Inputs().parallel_parts
RUNS = 3

DELAY = 0.5
"""Seconds that each part waits at the sandbox, as it does on its way to a distant store."""
PARTS, PARTS_SIZE = 13, 60 * MIB
ROUNDS = ceil(PARTS / PARALLEL)

SMALL, LARGE, LARGEST = 200 * MIB, 2048 * MIB, 4000 * MIB
PART_SIZE = 5 * MIB
DISK = 10 * 1024 * MIB
"""The largest file, the sandbox's copy of it, and some more."""
OURS = f"upload-testflight, {LARGE // MIB} MiB"
CURLS = {
    f"curl -T, {LARGE // MIB} MiB, one part at a time": (),
    f"curl -T, {LARGE // MIB} MiB, {PARALLEL} at a time": ("--parallel", "--parallel-max", str(PARALLEL)),
}

LATENCY = 100
"""Milliseconds a request: those made side by side overlap."""
LOOKS = ("GET /v1/buildUploads/", "GET /v1/builds")
"""What the wait asks, at the beginning of method and path."""
DISTRIBUTION = (
    *("--groups", "QA, Beta testers", "--uses-non-exempt-encryption", "false"),
    *("--whats-new", '{"en-US": "Faster start.", "de-DE": "Schnellerer Start."}'),
)

Entries = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Upload:
    """One run of the command, and what it asked of the sandbox, which it had for itself."""

    run: Run
    entries: Entries

    @property
    def sending(self) -> float:
        """Seconds from the begin of the first part to the end of the last."""
        parts = [each for each in self.entries if each["method"] == "PUT"]
        return max(map(end_of, parts)) - min(each["t"] for each in parts)

    def seconds_of(self, *methods: str) -> float:
        """What the sandbox took for these requests."""
        return sum(each["ms"] for each in self.entries if each["method"] in methods) / 1000


def main() -> int:
    """Prints the tables. Returns how many targets are missed."""
    curl.check()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < DISK:
            raise SystemExit(f"bench: {folder} needs {DISK // MIB // 1024} GiB; point TMPDIR elsewhere.")
        return measure_parts(folder) + measure_size(folder) + measure_requests(folder)


def upload(file: Path, folder: Path, *options: object, server: Sequence[object] = ()) -> Upload:
    """One whole run against a sandbox of its own, whose copy of the file goes with it."""
    with measure.sandbox(folder, *server) as sandbox:
        run = measure.run((*UPLOAD, "--file", file, *map(str, options)), sandbox.environment)
        return Upload(run, measure.entries(sandbox.log))


def measure_parts(folder: Path) -> int:
    """Parts that take their time, side by side and one after the other.

    The ideal of the whole process is that of its parts (rounds of PARALLEL parts, DELAY each, as if the bytes took no
    time) and what it does beside them: a dry run of the same file (start of Python, reading the file, the questions)
    and the three writes. Moving and hashing the bytes is not in it.
    """
    file = make_ipa(folder / "parts.ipa", size=PARTS_SIZE, **NUMBER)
    delay = f"PUT /uploads/*/* delay={DELAY} times=always"
    server = ("--part-size", ceil(PARTS_SIZE / PARTS), "--fault", delay)
    together, single, dry = [], [], []
    for _ in range(RUNS):
        together.append(upload(file, folder, *NO_WAIT, server=server))
        single.append(upload(file, folder, *NO_WAIT, "--parallel-parts", 1, server=server))
        dry.append(upload(file, folder, *NO_WAIT, "--dry-run", "true", server=server))
    file.unlink()
    beside = median(each.run.seconds for each in dry)
    beside += median(each.seconds_of("POST", "PATCH") for each in together)
    ideal = ROUNDS * DELAY + beside
    whole = median(each.run.seconds for each in together)
    print(
        f"upload-testflight: {PARTS_SIZE // MIB} MiB in {PARTS} parts, {DELAY} s each, {RUNS} runs in turn.\n"
    )
    print("| | sending the parts | fastest to slowest | whole process |\n|---|--:|--:|--:|")
    for name, runs in ((f"{PARALLEL} at a time (default)", together), ("one at a time", single)):
        times = [each.sending for each in runs]
        span = f"{min(times):.2f} to {max(times):.2f} s"
        print(
            f"| {name} | {median(times):.2f} s | {span} | {median(each.run.seconds for each in runs):.2f} s |"
        )
    print(f"| ideal ({beside:.2f} s beside the parts) | {ROUNDS * DELAY:.2f} s | | {ideal:.2f} s |\n")
    faster = median(each.sending for each in single) / median(each.sending for each in together)
    targets = [
        Target("sending, times faster than one at a time", f"{faster:.2f}", "at least 5", faster >= 5),
        Target("whole process, times the ideal", f"{whole / ideal:.2f}", "at most 1.3", whole <= 1.3 * ideal),
    ]
    return print_targets("upload-testflight, parts", targets)


def measure_size(folder: Path) -> int:
    """A large file against curl, and the memory that files of three sizes take.

    Ours is the whole process, but for the sandbox's check of the whole file at the end, which curl does not ask for.
    curl has its parts as files, and hashes nothing. The fastest run of each counts: what else the machine does, and
    its disk with what was written before, only slows a run down.
    """
    speeds: dict[str, list[float]] = {}
    peaks: dict[int, list[float]] = {}
    server = ("--part-size", PART_SIZE)
    for size, runs in ((SMALL, RUNS), (LARGE, RUNS), (LARGEST, 1)):
        file = make_ipa(folder / "large.ipa", size=size, **NUMBER)
        parts = curl.split(file, folder / "parts", PART_SIZE) if size == LARGE else []
        for _ in range(runs):
            done = upload(file, folder, *NO_WAIT, server=server)
            peaks.setdefault(size, []).append(done.run.peak / MIB)
            seconds = done.run.seconds - done.seconds_of("PATCH")
            speeds.setdefault(f"upload-testflight, {size // MIB} MiB", []).append(size / MIB / seconds)
            for name, options in CURLS.items() if parts else ():
                with measure.sandbox(folder, *server) as sandbox:
                    seconds = curl.upload(parts, sandbox, options).seconds
                speeds.setdefault(name, []).append(size / MIB / seconds)
        file.unlink()
    shutil.rmtree(folder / "parts")
    print(f"upload-testflight on loopback, parts of {PART_SIZE // MIB} MiB, in turn.\n")
    print("| whole process | median | slowest to fastest | runs |\n|---|--:|--:|--:|")
    for name, each in speeds.items():
        span = f"{min(each):.0f} to {max(each):.0f} MiB/s"
        print(f"| {name} | {median(each):.0f} MiB/s | {span} | {len(each)} |")
    print()
    share = max(speeds[OURS]) / max(max(speeds[name]) for name in CURLS)
    highest = [max(each) for each in peaks.values()]
    spread = max(highest) / min(highest)
    sizes, told = (" / ".join(f"{each:.0f}" for each in row) for row in ([s / MIB for s in peaks], highest))
    targets = [
        Target("of curl's best throughput", f"{share:.2f}", "at least 0.6", share >= 0.6),
        Target(f"peak memory, MiB, at {sizes} MiB", told, "below 80", max(highest) < 80),
        Target("the largest peak, times the smallest", f"{spread:.2f}", "at most 1.1", spread <= 1.1),
    ]
    return print_targets("upload-testflight, size", targets)


def measure_requests(folder: Path) -> int:
    """What is asked for an upload, and for all of a distribution with it. Looks while waiting do not count."""
    file = make_ipa(folder / "small.ipa", encryption=None, **NUMBER)
    plain = upload(file, folder, *NO_WAIT, server=("--latency", LATENCY))
    full = upload(file, folder, *DISTRIBUTION, server=("--latency", LATENCY, "--processing", 0.5))
    alone, everything = counted(plain.entries), counted(full.entries)
    more = len(everything) - len(alone)
    committed = next(end_of(each) for each in everything if "buildUploadFiles/" in each["path"])
    giving = measure.traffic([each for each in everything if each["t"] >= committed])
    print(f"upload-testflight, beside parts and looks while waiting, {LATENCY} ms a request.\n")
    print("| | requests | rounds |\n|---|--:|--:|")
    for name, entries in (("upload", alone), ("and two locales, compliance, two groups, review", everything)):
        traffic = measure.traffic(entries)
        print(f"| {name} | {traffic.requests} | {traffic.rounds} |")
    print()
    targets = [
        Target("requests for an upload", len(alone), "at most 5", len(alone) <= 5),
        Target("more for a full distribution", more, "at most 6", more <= 6),
        Target("rounds of its writes", giving.rounds, "at most 4", giving.rounds <= 4),
    ]
    return print_targets("upload-testflight, requests", targets)


def counted(entries: Entries) -> Entries:
    """The requests that are neither parts nor looks at the upload and its build."""
    return [
        each
        for each in entries
        if each["method"] != "PUT" and not f"{each['method']} {each['path']}".startswith(LOOKS)
    ]


def end_of(entry: Mapping[str, object]) -> float:
    return entry["t"] + entry["ms"] / 1000
