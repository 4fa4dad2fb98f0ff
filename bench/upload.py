"""Measures upload-testflight: parts side by side, throughput against curl, memory, requests.

Sandbox and command share the machine's cores. The sandbox hashes and writes what it gets, so on loopback it is
mostly the sandbox that is waited for: the ratios within one run mean something, the MiB/s little.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

from asc.commands.upload_testflight.inputs import Inputs
from bench import curl, measure
from bench.data import Chapter, Chart, Figure, Target, curve, figure
from bench.measure import ENTRYPOINT, MIB, PYTHON, ROOT, Entries, Run, Settings, end_of
from bench.worlds import make_file

UPLOAD = (*ENTRYPOINT, "upload-testflight")
NO_WAIT = ("--wait", "none")
PARALLEL = Inputs().parallel_parts
AT_ONCE = (1, 2, 4, PARALLEL)

DELAY = 0.5
"""Seconds that each part waits at the sandbox, as it does on its way to a distant store."""
PARTS, PARTS_SIZE = 13, 60 * MIB
ROUNDS = ceil(PARTS / PARALLEL)

SIZE, PART_SIZE = 1024 * MIB, 5 * MIB
DISK = 4 * SIZE
"""The largest file, its parts, the sandbox's copy of it, and some more."""
OURS, FLOOR = "upload-testflight", "floor: a bare script, one part at a time"
CURLS = {
    "curl -T, one part at a time": (),
    f"curl -T, {PARALLEL} at a time": ("--parallel", "--parallel-max", str(PARALLEL)),
}

LATENCIES = (0, 50, 100, 200)
LATENCY = 100
"""Milliseconds a request: those made side by side overlap."""
LOOKS = ("GET /v1/buildUploads/", "GET /v1/builds")
"""What the wait asks, at the beginning of method and path."""
DISTRIBUTION = (
    *("--groups", "QA, Beta testers", "--uses-non-exempt-encryption", "false"),
    *("--whats-new", '{"en-US": "Faster start.", "de-DE": "Schnellerer Start."}'),
)


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


def chapters(settings: Settings) -> Iterator[Chapter]:
    curl.check()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < DISK:
            raise SystemExit(f"bench: {folder} needs {DISK // MIB // 1024} GiB; point TMPDIR elsewhere.")
        yield by_parallelism(folder, settings)
        yield throughput(folder, settings)
        yield requests(folder, settings)


def upload(file: Path, folder: Path, *options: object, server: Sequence[object] = ()) -> Upload:
    """One whole run against a sandbox of its own, whose copy of the file goes with it."""
    with measure.sandbox(folder, *server) as sandbox:
        run = measure.run((*UPLOAD, "--file", file, *map(str, options)), sandbox.environment)
        return Upload(run, measure.entries(sandbox.log))


def by_parallelism(folder: Path, settings: Settings) -> Chapter:
    """Parts that take their time, more and more of them side by side.

    The ideal of the whole process is that of its parts (rounds of PARALLEL parts, DELAY each, as if the bytes took no
    time) and what it does beside them: a dry run of the same file (start of Python, reading the file, the questions)
    and the three writes. Moving and hashing the bytes is not in it.
    """
    file = make_file(folder / "parts.ipa", PARTS_SIZE)
    delay = f"PUT /uploads/*/* delay={DELAY} times=always"
    server = ("--part-size", ceil(PARTS_SIZE / PARTS), "--fault", delay)
    found: dict[float, list[Upload]] = {count: [] for count in AT_ONCE}
    dry = []
    for _ in settings.repeated(budget=90):
        dry.append(upload(file, folder, *NO_WAIT, "--dry-run", "true", server=server))
        for count, runs in found.items():
            runs.append(upload(file, folder, *NO_WAIT, "--parallel-parts", count, server=server))
    file.unlink()
    sending = curve(
        OURS, "sending the parts", "s", {x: [each.sending for each in runs] for x, runs in found.items()}
    )
    whole = curve(
        OURS, "whole process", "s", {x: [each.run.seconds for each in runs] for x, runs in found.items()}
    )
    beside = median(each.run.seconds for each in dry)
    beside += median(each.seconds_of("POST", "PATCH") for each in found[PARALLEL])
    ideal = ROUNDS * DELAY + beside
    faster = sending.values[0] / sending.value
    return Chapter(
        "upload-testflight by parts at a time",
        f"{PARTS_SIZE // MIB} MiB in {PARTS} parts, each of which waits {DELAY} s at the store. {PARALLEL} at a time "
        f"is the default; its ideal is {ideal:.2f} s for the whole process, {beside:.2f} s of that beside the parts.",
        charts=(
            Chart("upload-parallel", "Parts at a time", "parts at a time", (sending, whole), grows=False),
        ),
        targets=(
            Target("sending, times faster than one at a time", faster, 5, "at least"),
            Target("whole process, times the ideal", whole.value / ideal, 1.3),
        ),
        sentences=(
            f"An upload whose parts wait on a distant store is {faster:.1f} times as fast as one part at a time.",
        ),
    )


def throughput(folder: Path, settings: Settings) -> Chapter:
    """A large file against curl and the floor.

    Ours is the whole process, but for the sandbox's check of the whole file at the end, which curl does not ask for;
    so is the floor. curl has its parts as files, and hashes nothing. The fastest run of each counts in the target:
    what else the machine does, and its disk with what was written before, only slows a run down.
    """
    size = SIZE // 8 if settings.quick else SIZE
    file, server = make_file(folder / "large.ipa", size), ("--part-size", PART_SIZE)
    parts = curl.split(file, folder / "parts", PART_SIZE)
    speeds: dict[str, list[float]] = {}
    for _ in settings.repeated(budget=120, least=3):
        done = upload(file, folder, *NO_WAIT, server=server)
        speeds.setdefault(OURS, []).append(done.run.seconds - done.seconds_of("PATCH"))
        speeds.setdefault(FLOOR, []).append(floor(file, folder, server))
        for name, options in CURLS.items():
            with measure.sandbox(folder, *server) as sandbox:
                speeds.setdefault(name, []).append(curl.upload(parts, sandbox, options).seconds)
    file.unlink()
    shutil.rmtree(folder / "parts")
    figures = [
        figure(name, "throughput", "MiB/s", [size / MIB / each for each in runs])
        for name, runs in speeds.items()
    ]
    best = {each.name: each.spread[0][1] for each in figures}
    share = best[OURS] / max(best[name] for name in CURLS)
    return Chapter(
        "upload-testflight against curl",
        f"{size // MIB} MiB on loopback, parts of {PART_SIZE // MIB} MiB, in turn. curl is given the links, and "
        "the parts as files of their own.",
        tuple(figures),
        targets=(Target("of curl's best throughput", share, 0.6, "at least"),),
        sentences=(f"upload-testflight, which hashes each byte, reaches {share:.2f} of curl's throughput.",),
    )


def floor(file: Path, folder: Path, server: Sequence[object]) -> float:
    """Seconds of the bare script, without the sandbox's check of the whole file."""
    with measure.sandbox(folder, *server) as sandbox:
        asked = measure.asked((*PYTHON, ROOT / "bench" / "floors" / "upload.py", file), sandbox)
        return asked.run.seconds - Upload(asked.run, asked.entries).seconds_of("PATCH")


def requests(folder: Path, settings: Settings) -> Chapter:
    """What is asked for an upload, and for all of a distribution with it. Looks while waiting do not count."""
    file = make_file(folder / "small.ipa", MIB, encryption=None)
    plain = upload(file, folder, *NO_WAIT, server=("--latency", LATENCY))
    full = upload(file, folder, *DISTRIBUTION, server=("--latency", LATENCY, "--processing", 0.5))
    alone, everything = counted(plain.entries), counted(full.entries)
    committed = next(end_of(each) for each in everything if "buildUploadFiles/" in each["path"])
    giving = measure.traffic([each for each in everything if each["t"] >= committed])
    by_latency = {latency: [] for latency in LATENCIES}
    for _ in settings.repeated(budget=60):
        for latency, runs in by_latency.items():
            runs.append(upload(file, folder, *NO_WAIT, server=("--latency", latency)).run.seconds)
    return Chapter(
        "upload-testflight, requests",
        "Beside the parts, and the looks while waiting. Requests whose times overlap are one round.",
        (
            *_asked("upload", alone),
            *_asked("upload, two locales, compliance, two groups, review", everything),
        ),
        charts=(
            Chart(
                "upload-latency",
                "A small upload by latency",
                "ms a request",
                (curve(OURS, "whole process", "s", by_latency),),
                grows=False,
            ),
        ),
        targets=(
            Target("requests for an upload", len(alone), 6),
            Target("more for a full distribution", len(everything) - len(alone), 7),
            Target("rounds of its writes", giving.rounds, 4),
        ),
    )


def _asked(name: str, entries: Entries) -> Iterator[Figure]:
    traffic = measure.traffic(entries)
    yield figure(name, "requests", "", [traffic.requests])
    yield figure(name, "rounds", "", [traffic.rounds])


def counted(entries: Sequence[Mapping[str, object]]) -> Entries:
    """The requests that are neither parts nor looks at the upload and its build."""
    return [
        each
        for each in entries
        if each["method"] != "PUT" and not f"{each['method']} {each['path']}".startswith(LOOKS)
    ]
