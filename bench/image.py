"""Measure the images: size, layers, and time to build."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.containers import docker, docker_answers, runtime_image
from bench.data import Chapter, Figure, Target, figure
from bench.measure import ROOT, Settings, machine_environment, run

MB = 1_000_000
ACTION = "app-store-connect-actions:bench"
RUNTIME, WITH_CODE = "runtime, into which bin/run mounts the checkout", "Docker action, runtime and code"
"""Names of the two images in the table."""
LONGEST = 60
"""Characters of an instruction in the table."""


def chapters(settings: Settings) -> Iterator[Chapter]:
    if not docker_answers():
        yield Chapter(
            "Images",
            "Not measured: no Docker answers. `tools/docker-engine make bench` starts one on Debian.",
        )
        return
    # The image of Python is not ours: only the difference counts.
    base = re.search(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]
    built = {
        name: build(name, *options)
        for name, options in {runtime_image(): ("--target", "runtime", "--no-cache"), ACTION: ()}.items()
    }
    sizes = {name: size(name) for name in (base, *built)}
    ours = (sizes[runtime_image()] - sizes[base]) / MB
    figures = [
        figure(f"base ({base})", "size", "MB", [sizes[base] / MB]),
        figure(RUNTIME, "size", "MB", [sizes[runtime_image()] / MB]),
        figure(RUNTIME, "built without a cache", "s", [built[runtime_image()]]),
        figure(WITH_CODE, "size", "MB", [sizes[ACTION] / MB]),
        figure(WITH_CODE, "built on the runtime", "s", [built[ACTION]]),
        *layers(ACTION, base),
    ]
    yield Chapter(
        "Images",
        "The sizes are those of unpacked images. The layers are those that the Docker action adds to its base.",
        tuple(figures),
        targets=(Target("runtime without its base, MB", ours, 90),),
        sentences=(f"The runtime image adds {ours:.0f} MB to its base: git and the locked packages.",),
    )


def build(name: str, *options: str) -> float:
    """Build an image and return the seconds that it took."""
    command = ("docker", "build", "--quiet", "--network", "host", "--tag", name, *options, str(ROOT))
    return run(command, machine_environment(ROOT / ".cache")).seconds


def size(name: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", name))


def layers(name: str, base: str) -> Iterator[Figure]:
    """Yield the size of each layer above the base, the lowest first. Empty layers are left out."""
    # Docker shows how it runs each instruction; the table needs only the instruction.
    noise = r"/bin/sh -c (#\(nop\) *)?|# buildkit|\b(dir|file):[0-9a-f]+"
    rows = [line.split("\t") for line in _history(name)[len(_history(base)) :]]
    for number, (room, instruction) in enumerate(rows, 1):
        if int(room):
            text = " ".join(re.sub(noise, "", instruction).split())
            text = text.replace("|", "/")[:LONGEST]
            yield figure(f"layer {number}: `{text}`", "size", "MB", [int(room) / MB])


def _history(name: str) -> list[str]:
    found = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", name)
    return found.splitlines()[::-1]
