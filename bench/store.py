"""Measure the App Store actions: an unchanged and a changed page in all locales, screenshots, submission and release.

The targets are those of docs/update-app-store.md and docs/submit-app-store.md, at 50 ms a request.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asc.apps.texts import LOCALES
from asc.store.displays import DISPLAYS
from bench import measure
from bench.data import Chapter, Figure, Target, figure
from bench.measure import ENTRYPOINT, MIB, Asked, Command, Settings
from bench.worlds import APP, written

LATENCY = 50
"""Milliseconds a request."""
PAGES = LOCALES[:39]
"""Apple had 39 languages of a store page for long. All of them is the largest page in practice."""
PRIMARY = ("en-US",)
"""The language in which the app of the seed has its name. A version can be submitted in no other alone."""
SHOWN = DISPLAYS[:5]
"""The display types of the screenshots, one set each."""
SHOTS_IN_SET = 10
PICTURE = 512 * 1024
"""Bytes of a screenshot, about."""
MOST_MEMORY = 100
"""MiB, whatever the size of the page."""

UPDATE = (*ENTRYPOINT, "update-app-store", *APP)
SUBMIT = (*ENTRYPOINT, "submit-app-store", *APP, "--version", "2.0", "--build-id", "build-2")
RELEASE = (*ENTRYPOINT, "release-app-store", *APP, "--version", "1.0")
CONTACT = {
    "contactFirstName": "Ada",
    "contactLastName": "Example",
    "contactPhone": "+15555550100",
    "contactEmail": "ada@example.com",
}


def chapters(settings: Settings) -> Iterator[Chapter]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield texts(folder, settings)
        yield pictures_kept(folder, settings)
        yield pictures_added(folder, settings)
        yield review(folder, settings)


def texts(folder: Path, settings: Settings) -> Chapter:
    """Run update-app-store on all locales: first nothing differs, then every text of `What's New`."""
    server = ("--seed", page_seed(folder / "texts.yml", PAGES), "--latency", LATENCY)
    kept, changed = [], []
    for _ in settings.repeated(budget=40):
        with measure.sandbox(folder, *server) as sandbox:
            same = metadata(folder / "same", "Something new.")
            kept.append(measure.asked((*UPDATE, "--metadata", same), sandbox))
            new = metadata(folder / "new", "Faster start.")
            changed.append(measure.asked((*UPDATE, "--metadata", new), sandbox))
    unchanged, notes = f"{len(PAGES)} locales unchanged", f"{len(PAGES)} release notes changed"
    figures = [*asked_figures(unchanged, kept), *asked_figures(notes, changed)]
    value = values(figures)
    return Chapter(
        "update-app-store, texts",
        f"The texts of {len(PAGES)} locales, {LATENCY} ms a request.",
        tuple(figures),
        targets=(
            Target(f"{unchanged}, requests", value[unchanged, "requests"], 6),
            Target(f"{unchanged}, seconds", value[unchanged, "whole process"], 1.5),
            Target(f"{notes}, requests", value[notes, "requests"], 45),
            Target(f"{notes}, seconds", value[notes, "whole process"], 3),
            Target("texts, peak memory, MiB", value[notes, "peak memory"], MOST_MEMORY),
        ),
        sentences=(
            f"update-app-store compares {len(PAGES)} locales in {value[unchanged, 'requests']:.0f} requests and "
            f"{value[unchanged, 'whole process']:.1f} s at {LATENCY} ms a request.",
        ),
    )


def pictures_kept(folder: Path, settings: Settings) -> Chapter:
    """Run update-app-store on screenshots that Apple has already, and hash the same files with md5sum."""
    pages = PAGES[:4] if settings.quick else PAGES
    shots, sets = pictures(folder / "shots", pages)
    count = len(pages) * len(SHOWN) * SHOTS_IN_SET
    server = ("--seed", page_seed(folder / "shots.yml", pages, sets), "--latency", LATENCY)
    command = (*UPDATE, "--metadata", "none", "--screenshots", shots)
    hashing: Command = ("sh", "-c", 'find "$0" -type f -print0 | xargs -0 md5sum >/dev/null', shots)
    ours, theirs = [], []
    with measure.sandbox(folder, *server) as sandbox:
        for _ in settings.repeated(budget=60):
            ours.append(measure.asked(command, sandbox))
            theirs.append(measure.run(hashing, sandbox.environment))
    name, size = f"{count:,} screenshots unchanged", count * PICTURE / MIB
    figures = [
        *asked_figures(name, ours),
        figure(name, "throughput", "MiB/s", [size / asked.run.seconds for asked in ours]),
        figure("md5sum", "throughput", "MiB/s", [size / run.seconds for run in theirs]),
    ]
    value = values(figures)
    return Chapter(
        "update-app-store, unchanged screenshots",
        f"{len(pages)} locales with {len(SHOWN)} sets of {SHOTS_IN_SET} screenshots of {PICTURE // 1024} KiB, "
        f"{LATENCY} ms a request. update-app-store hashes every file as well; its throughput includes "
        "the start and the requests.",
        tuple(figures),
        targets=(
            Target(f"{name}, requests", value[name, "requests"], 46),
            Target(f"{name}, peak memory, MiB", value[name, "peak memory"], MOST_MEMORY),
        ),
    )


def pictures_added(folder: Path, settings: Settings) -> Chapter:
    """Upload new screenshots into five sets, at the default number at a time and one after the other."""
    shots, _ = pictures(folder / "new", PAGES[:1])
    server = (
        "--seed",
        page_seed(folder / "bare.yml", PAGES[:1]),
        "--latency",
        LATENCY,
        "--media",
        0,
    )
    command = (*UPDATE, "--metadata", "none", "--screenshots", shots)
    many, single = f"{len(SHOWN) * SHOTS_IN_SET} new screenshots", "one after the other"
    runs: dict[str, list[Asked]] = {many: [], single: []}
    for _ in settings.repeated(budget=90):
        for name, options in {many: (), single: ("--parallel", "1")}.items():
            # A new sandbox for each run, because the first one uploads everything.
            with measure.sandbox(folder, *server) as sandbox:
                runs[name].append(measure.asked((*command, *options), sandbox))
    figures = [result for name in runs for result in asked_figures(name, runs[name])]
    value = values(figures)
    faster = value[single, "whole process"] / value[many, "whole process"]
    return Chapter(
        "update-app-store, new screenshots",
        f"Into {len(SHOWN)} sets of one locale, {LATENCY} ms a request. Apple's processing is left out, because "
        "it is the same for both.",
        tuple(figures),
        targets=(
            Target(f"{many}, times faster than one after the other", faster, 5, "at least"),
            Target(f"{many}, peak memory, MiB", value[many, "peak memory"], MOST_MEMORY),
        ),
        sentences=(f"update-app-store uploads {many} {faster:.1f} times as fast as one after the other.",),
    )


def review(folder: Path, settings: Settings) -> Chapter:
    """Submit a version that lacks nothing, submit it again, and release a version that is live already."""
    _, sets = pictures(folder / "ready", PRIMARY)
    seed = page_seed(folder / "ready.yml", PRIMARY, sets)
    server = ("--seed", seed, "--latency", LATENCY, "--verdict", "never")
    commands = {
        "submit, without checks": (*SUBMIT, "--checks", "false"),
        "submit again": (*SUBMIT, "--checks", "false"),
        "release of a live version": RELEASE,
    }
    runs: dict[str, list[Asked]] = {name: [] for name in commands}
    for _ in settings.repeated(budget=40):
        with measure.sandbox(folder, *server) as sandbox:
            for name, command in commands.items():
                runs[name].append(measure.asked(command, sandbox))
    figures = [result for name in runs for result in asked_figures(name, runs[name])]
    value = values(figures)
    most = dict(zip(commands, (10, 4, 2), strict=True))
    return Chapter(
        "submit-app-store and release-app-store",
        f"{LATENCY} ms a request. The checks before a submission read the whole page and are not counted.",
        tuple(figures),
        targets=tuple(Target(f"{name}, requests", value[name, "requests"], most[name]) for name in commands),
    )


def asked_figures(name: str, asked: list[Asked]) -> list[Figure]:
    """Return requests, rounds, time and memory of runs against a slow sandbox."""
    traffic = measure.traffic(asked[-1].entries)
    return [
        *measure.costs(name, [run.run for run in asked], traffic.requests),
        figure(name, "rounds", "", [traffic.rounds]),
    ]


def values(figures: list[Figure]) -> Mapping[tuple[str, str], float]:
    """Return the figures by program and quantity."""
    return {(result.name, result.quantity): result.value for result in figures}


def metadata(folder: Path, notes: str) -> Path:
    """Write fastlane's folder of texts with these notes in every locale, and return its path."""
    for locale in PAGES:
        (folder / locale).mkdir(parents=True, exist_ok=True)
        (folder / locale / "release_notes.txt").write_text(notes + "\n")
        (folder / locale / "description.txt").write_text("An example.\n")
        (folder / locale / "keywords.txt").write_text("example\n")
    return folder


def pictures(folder: Path, locales: tuple[str, ...]) -> tuple[Path, dict[str, list[dict[str, Any]]]]:
    """Write screenshots for these locales. Return their folder, and the sets that a seed needs to have them."""
    own = folder / "own"
    own.mkdir(parents=True)
    sets = []
    for display in SHOWN:
        files = []
        for number in range(SHOTS_IN_SET):
            content = png(*display.sizes[0], seed=f"{display.name} {number}")
            path = own / f"{display.name}_{number:02d}.png"
            path.write_bytes(content)
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            files.append({"fileName": path.name, "fileSize": len(content), "sourceFileChecksum": digest})
        sets.append({"screenshotDisplayType": f"APP_{display.name}", "appScreenshots": files})
    for locale in locales:
        (folder / "shots" / locale).mkdir(parents=True)
        for path in own.iterdir():
            # Links: the locales have the same pictures, and a gigabyte need not be written.
            os.link(path, folder / "shots" / locale / path.name)
    shutil.rmtree(own)
    return folder / "shots", dict.fromkeys(locales, sets)


def png(width: int, height: int, seed: str) -> bytes:
    """Return a picture of about PICTURE bytes: black, with a chunk of text that makes it as large as a photo."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    pixels = zlib.compress((b"\0" + bytes(width * 3)) * height, 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = b"Comment\0" + hashlib.shake_128(seed.encode()).hexdigest((PICTURE - len(pixels)) // 2).encode()
    chunks = (chunk(b"IHDR", header), chunk(b"tEXt", text), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def page_seed(
    path: Path, locales: tuple[str, ...], sets: Mapping[str, list[dict[str, Any]]] | None = None
) -> Path:
    """Write a seed: version 1.0 is live, 2.0 is under way and lacks nothing, with these screenshots by locale."""
    live = {
        **_version("1.0", locales, {}),
        "appVersionState": "READY_FOR_DISTRIBUTION",
        "createdDate": "90 days ago",
        "build": "build-1",
    }
    numbers = [
        {"version": number, "id": f"build-{number}", "usesNonExemptEncryption": False}
        for number in ("1", "2")
    ]
    trains = [
        {"version": train, "platform": "IOS", "builds": [number]}
        for train, number in zip(("1.0", "2.0"), numbers, strict=True)
    ]
    app = {
        "id": "1000000001",
        "name": "Example",
        "bundleId": APP[1],
        "preReleaseVersions": trains,
        "appStoreVersions": [live, _version("2.0", locales, sets or {})],
    }
    return written(path, {"apps": [app]})


def _version(
    number: str, locales: tuple[str, ...], sets: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    return {
        "versionString": number,
        "platform": "IOS",
        "appVersionState": "PREPARE_FOR_SUBMISSION",
        "createdDate": "1 day ago",
        "copyright": "2026 Example",
        "appStoreReviewDetail": CONTACT,
        "appStoreVersionLocalizations": [
            {
                "locale": locale,
                "description": "An example.",
                "keywords": "example",
                "supportUrl": "https://example.com/support",
                "whatsNew": "Something new.",
                "appScreenshotSets": sets.get(locale, []),
            }
            for locale in locales
        ],
    }
