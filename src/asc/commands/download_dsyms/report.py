"""The report of a step: its outputs and its summary, also if it failed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from asc import words
from asc.apps.app import App
from asc.builds.symbols.downloading import DownloadResult, NotBegun
from asc.builds.symbols.missing import MissingSymbols
from asc.builds.symbols.model import SymbolBuild
from asc.commands.declaration import moment, output
from asc.job import summary

ROWS = 200
UUIDS_SHOWN = 4


@dataclass(frozen=True)
class Outputs:
    """The outputs of download-dsyms for later steps."""

    directory: str = output("Where the files are.")
    files: str = output("The archives, those that were there already too: a JSON list of paths.")
    dsym_count: str = output("How many `.dSYM` bundles are in them.")
    uuids: str = output("JSON: path of the archive → UUID → architecture.")
    builds: str = output(
        "The builds that were meant: a JSON list of `id`, `version`, `build-number`, `platform`, `state`, "
        "`uploaded-at` and `files`."
    )
    missing: str = output(
        "Builds without symbols: a JSON list of `version`, `build-number`, `platform`, `bundle-id` (where only a part "
        "of the build has none) and `reason`."
    )
    downloaded_bytes: str = output("Bytes that this run fetched.")


@dataclass
class DownloadReport:
    """The facts known so far about a step."""

    directory: str
    app: App | None = None
    builds: list[SymbolBuild] = field(default_factory=list)
    missing: list[MissingSymbols] = field(default_factory=list)
    ended: list[DownloadResult] = field(default_factory=list)

    @property
    def whole(self) -> list[DownloadResult]:
        """Return the archives that are complete, in the order of their builds."""
        order = {build.id: position for position, build in enumerate(self.builds)}
        there = [each for each in self.ended if not each.error]
        return sorted(there, key=lambda each: (order[each.target.build.id], each.target.name))

    @property
    def failed(self) -> list[DownloadResult]:
        """Return the archives that failed, the causes before the archives left out because of them."""
        failed = [each for each in self.ended if each.error]
        return sorted(failed, key=lambda each: (isinstance(each.error, NotBegun), each.target.name))

    def outputs(self) -> Outputs:
        """Return the outputs, as far as they are known."""
        whole = self.whole
        files: dict[str, list[str]] = {}
        for each in whole:
            files.setdefault(each.target.build.id, []).append(str(each.path))
        return Outputs(
            directory=self.directory,
            files=_json([str(each.path) for each in whole]),
            dsym_count=str(sum(each.contents.dsyms for each in whole if each.contents)),
            uuids=_json({str(each.path): dict(each.contents.uuids) for each in whole if each.contents}),
            builds=_json([_build(build, files.get(build.id, [])) for build in self.builds]),
            missing=_json([_missing(each) for each in self.missing]),
            downloaded_bytes=str(sum(each.fetched for each in self.ended)),
        )

    def summary(self) -> str:
        """Return the step's part of the job summary in Markdown."""
        if not self.app:
            return ""
        text = summary.heading(f"Symbols of {self.app.bundle_id or f'app {self.app.id}'}")
        if not self.builds:
            return text + summary.paragraph("No build was found.")
        rows = [_row(each) for each in (*self.failed, *self.whole)]
        rows += [
            (str(each.build), each.bundle_id, "", "", f"missing: {each.reason}") for each in self.missing
        ]
        text += summary.table(("Build", "File", "Size", "UUIDs", "State"), rows[:ROWS])
        left_out = len(rows) - ROWS
        return text + (summary.paragraph(f"… and {left_out} more") if left_out > 0 else "")


def _build(build: SymbolBuild, files: list[str]) -> dict[str, object]:
    return {
        "id": build.id,
        "version": build.version,
        "build-number": build.build_number,
        "platform": build.platform,
        "state": build.processing_state,
        "uploaded-at": moment(build.uploaded_at),
        "files": files,
    }


def _missing(each: MissingSymbols) -> dict[str, str]:
    return {
        "version": each.build.version,
        "build-number": each.build.build_number,
        "platform": each.build.platform,
        "bundle-id": each.bundle_id,
        "reason": each.reason,
    }


def _row(each: DownloadResult) -> tuple[str, ...]:
    state = f"failed: {each.error.message}" if each.error else "was there" if each.was_there else "downloaded"
    uuids = each.contents.uuids.items() if each.contents else ()
    shown = [f"{identity[:8]}… ({architecture})" for identity, architecture in uuids]
    return (
        str(each.target.build),
        each.target.name,  # which begins with the bundle id
        words.size(each.contents.size) if each.contents else "",
        words.some(shown, UUIDS_SHOWN),
        state,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
