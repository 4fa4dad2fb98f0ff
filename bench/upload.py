"""Measure upload-testflight: parallel parts, throughput against curl, memory, requests.

Sandbox and command share the cores of the machine, and the sandbox hashes and writes each byte. So the command mostly
waits for the sandbox: compare ratios within one run, not MiB/s.
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
from bench.measure import ENTRYPOINT, MIB, PYTHON, ROOT, Asked, Entries, Settings, end_of
from bench.worlds import make_file

UPLOAD = (*ENTRYPOINT, "upload-testflight")
NO_WAIT = ("--wait", "none")
PARALLEL = Inputs().parallel_parts
AT_ONCE = (1, 2, 4, PARALLEL)

DELAY = 0.5
"""Seconds that the sandbox delays each part, as a long way to the store does."""
PARTS, PARTS_SIZE = 13, 60 * MIB
ROUNDS = ceil(PARTS / PARALLEL)

SIZE, PART_SIZE = 1024 * MIB, 5 * MIB
DISK = 4 * SIZE
"""Bytes for the largest file, its parts, the copy of the sandbox, and a reserve."""
OURS, FLOOR = "upload-testflight", "floor: a bare script, one part at a time"
CURLS = {
    "curl -T, one part at a time": (),
    f"curl -T, {PARALLEL} at a time": ("--parallel", "--parallel-max", str(PARALLEL)),
}

LATENCIES = (0, 50, 100, 200)
LATENCY = 100
"""Milliseconds a request, so that parallel requests overlap."""
POLLS = ("GET /v1/buildUploads/", "GET /v1/builds")
"""Requests of the wait for processing: the beginning of method and path."""
DISTRIBUTION = (
    *("--groups", "QA, Beta testers", "--uses-non-exempt-encryption", "false"),
    *("--whats-new", '{"en-US": "Faster start.", "de-DE": "Schnellerer Start."}'),
)


@dataclass(frozen=True)
class Upload(Asked):
    """A run of upload-testflight and its requests."""

    @property
    def sending(self) -> float:
        """Return the seconds from the start of the first part to the end of the last."""
        parts = [entry for entry in self.entries if entry["method"] == "PUT"]
        return max(map(end_of, parts)) - min(entry["t"] for entry in parts)

    def seconds_of(self, *methods: str) -> float:
        """Return the seconds that the sandbox took for the requests with these methods."""
        return sum(entry["ms"] for entry in self.entries if entry["method"] in methods) / 1000


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
    """Run the command against a new sandbox, which deletes its copy of the file at its end."""
    with measure.sandbox(folder, *server) as sandbox:
        run = measure.run((*UPLOAD, "--file", file, *map(str, options)), sandbox.environment)
        return Upload(run, measure.entries(sandbox.log))


def by_parallelism(folder: Path, settings: Settings) -> Chapter:
    """Upload slow parts, with more and more of them in parallel.

    The ideal of the whole process is the time of its parts (rounds of PARALLEL parts, DELAY each, as if the bytes took
    no time) and of its other work. Moving and hashing the bytes is not in it.
    """
    found, beside = slow_uploads(folder, settings)
    sending = curve(
        OURS, "sending the parts", "s", {x: [sent.sending for sent in runs] for x, runs in found.items()}
    )
    whole = curve(
        OURS, "whole process", "s", {x: [sent.run.seconds for sent in runs] for x, runs in found.items()}
    )
    ideal = ROUNDS * DELAY + beside
    faster = sending.values[0] / sending.value
    return Chapter(
        "upload-testflight by parts at a time",
        f"{PARTS_SIZE // MIB} MiB in {PARTS} parts. The storage answers each part after {DELAY} s. The default is "
        f"{PARALLEL} parts at a time; its ideal is {ideal:.2f} s for the whole process, with {beside:.2f} s for "
        "other work than the parts.",
        charts=(
            Chart(
                "upload-parallel",
                "Parts at a time",
                "parts at a time",
                (sending, whole),
                grows=False,
                plotted=True,
            ),
        ),
        targets=(
            Target("sending, times faster than one at a time", faster, 5, "at least"),
            Target("whole process, times the ideal", whole.value / ideal, 1.3),
        ),
        sentences=(
            f"If the storage is distant, an upload is {faster:.1f} times as fast as with one part at a time.",
        ),
    )


def slow_uploads(folder: Path, settings: Settings) -> tuple[Mapping[float, list[Upload]], float]:
    """Return the uploads for each number of parts at a time, and the seconds that one takes beside its parts."""
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
    # A dry run starts Python, reads the file and asks the same questions. It lacks only the three writes.
    writes = median(sent.seconds_of("POST", "PATCH") for sent in found[PARALLEL])
    return found, median(dry_run.run.seconds for dry_run in dry) + writes


def throughput(folder: Path, settings: Settings) -> Chapter:
    """Upload a large file with ours, curl and the floor.

    curl has its parts as files, and hashes nothing. Of ours and the floor the sandbox's check of the whole file at the
    end does not count, because curl does not ask for it.
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
        figure(name, "throughput", "MiB/s", [size / MIB / seconds for seconds in runs])
        for name, runs in speeds.items()
    ]
    # The fastest run of each, because other work of the machine and of its disk only ever slows a run down.
    best = {result.name: result.spread[0][1] for result in figures}
    share = best[OURS] / max(best[name] for name in CURLS)
    return Chapter(
        "upload-testflight against curl",
        f"{size // MIB} MiB on loopback, in parts of {PART_SIZE // MIB} MiB. The programs run in turn. curl gets the "
        "links, and each part as a separate file.",
        tuple(figures),
        targets=(Target("of curl's best throughput", share, 0.6, "at least"),),
        sentences=(f"upload-testflight, which hashes each byte, reaches {share:.2f} of curl's throughput.",),
    )


def floor(file: Path, folder: Path, server: Sequence[object]) -> float:
    """Return the seconds of the bare script, without the sandbox's check of the whole file."""
    with measure.sandbox(folder, *server) as sandbox:
        asked = measure.asked((*PYTHON, ROOT / "bench" / "floors" / "upload.py", file), sandbox)
        return asked.run.seconds - Upload(asked.run, asked.entries).seconds_of("PATCH")


def requests(folder: Path, settings: Settings) -> Chapter:
    """Count the requests of an upload, and of an upload with a whole distribution, without the polls of the wait."""
    file = make_file(folder / "small.ipa", MIB, encryption=None)
    plain = upload(file, folder, *NO_WAIT, server=("--latency", LATENCY))
    full = upload(file, folder, *DISTRIBUTION, server=("--latency", LATENCY, "--processing", 0.5))
    alone, everything = counted(plain.entries), counted(full.entries)
    # The file is committed with its last request; everything after it belongs to the distribution.
    committed = next(end_of(entry) for entry in everything if "buildUploadFiles/" in entry["path"])
    giving = measure.traffic([entry for entry in everything if entry["t"] >= committed])
    by_latency = {latency: [] for latency in LATENCIES}
    for _ in settings.repeated(budget=60):
        for latency, runs in by_latency.items():
            runs.append(upload(file, folder, *NO_WAIT, server=("--latency", latency)).run.seconds)
    return Chapter(
        "upload-testflight, requests",
        "Without the parts, and without the polls while it waits. Requests that overlap in time are one round.",
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
            # One of each reads the test information back, because Apple may accept a write and not make it.
            Target("more for a full distribution", len(everything) - len(alone), 8),
            Target("rounds of its writes", giving.rounds, 5),
        ),
    )


def _asked(name: str, entries: Entries) -> Iterator[Figure]:
    traffic = measure.traffic(entries)
    yield figure(name, "requests", "", [traffic.requests])
    yield figure(name, "rounds", "", [traffic.rounds])


def counted(entries: Sequence[Mapping[str, object]]) -> Entries:
    """Return the requests without parts and without polls of the upload and its build."""
    return [
        entry
        for entry in entries
        if entry["method"] != "PUT" and not f"{entry['method']} {entry['path']}".startswith(POLLS)
    ]
