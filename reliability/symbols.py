"""The scenario of download-dsyms: two builds with three archives."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asc_sandbox.server import Sandbox
from core.running import Done
from core.symbols import APP, with_symbols, world
from reliability.hurry import RETRY_FOR
from reliability.scenarios import Json, Scenario

WHEN = {"uploadedDate": "2026-01-31T10:00:00Z"}
CLIP = {"bundleId": "com.example.app.clip", "bundleType": "APP_CLIP"}


@dataclass(frozen=True)
class Symbols(Scenario):
    """download-dsyms: the symbols of all builds of a version."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs for all builds of the version."""
        return {"bundle-id": APP, "version": "1.0", "directory": "dsyms", "retry-for": RETRY_FOR}

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the outputs, with paths below the machine, and the digests of the files."""
        outputs = {name: value.replace(str(machine), "") for name, value in done.outputs.items()}
        # The second run finds files of the first one and downloads less.
        del outputs["downloaded-bytes"]
        return {"outputs": outputs, "files": _digests(machine)}

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield each archive that is damaged although it has its final name."""
        for path in _files(machine):
            try:
                with zipfile.ZipFile(path) as archive:
                    broken = archive.testzip()
            except zipfile.BadZipFile:
                broken = "all of it"
            if broken:
                yield f"{path.name} is damaged: {broken}"


def _files(machine: Path) -> list[Path]:
    found = sorted((machine / "workspace" / "dsyms").glob("*"))
    return [path for path in found if not path.name.startswith(".") and path.suffix == ".zip"]


def _digests(machine: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(machine)}


DSYMS = Symbols(
    "download-dsyms",
    "download-dsyms",
    world(with_symbols("1.0", "7", {}, CLIP, **WHEN), with_symbols("1.0", "8", **WHEN)),
)
