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
"""Files in the table of the summary, whose size GitHub limits."""
UUIDS_SHOWN = 4
"""UUIDs of a file in the table. The output has all."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of download-dsyms for later steps."""

    directory: str = output("The folder of the files.")
    files: str = output("The archives, also those that existed before: a JSON list of paths.")
    dsym_count: str = output("Number of `.dSYM` bundles in the archives.")
    uuids: str = output("JSON: path of the archive → UUID → architecture.")
    builds: str = output(
        "The selected builds: a JSON list of `id`, `version`, `build-number`, `platform`, `state`, "
        "`uploaded-at` and `files`."
    )
    missing: str = output(
        "Builds without symbols: a JSON list of `version`, `build-number`, `platform`, `bundle-id` "
        "(if only a part of the build lacks them) and `reason`."
    )
    downloaded_bytes: str = output("Number of bytes that this run downloaded.")


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
        complete = [result for result in self.ended if not result.error]
        return sorted(complete, key=lambda result: (order[result.target.build.id], result.target.name))

    @property
    def failed(self) -> list[DownloadResult]:
        """Return the archives that failed, the causes before the archives left out because of them."""
        failed = [result for result in self.ended if result.error]
        return sorted(failed, key=lambda result: (isinstance(result.error, NotBegun), result.target.name))

    def outputs(self) -> Outputs:
        """Return the outputs, as far as they are known."""
        whole = self.whole
        files: dict[str, list[str]] = {}
        for result in whole:
            files.setdefault(result.target.build.id, []).append(str(result.path))
        return Outputs(
            directory=self.directory,
            files=_json([str(result.path) for result in whole]),
            dsym_count=str(sum(result.contents.dsyms for result in whole if result.contents)),
            uuids=_json(
                {str(result.path): dict(result.contents.uuids) for result in whole if result.contents}
            ),
            builds=_json([_build(build, files.get(build.id, [])) for build in self.builds]),
            missing=_json([_missing(result) for result in self.missing]),
            downloaded_bytes=str(sum(result.fetched for result in self.ended)),
        )

    def summary(self) -> str:
        """Return the step's part of the job summary in Markdown."""
        if not self.app:
            return ""
        text = summary.heading(f"Symbols of {self.app.bundle_id or f'app {self.app.id}'}")
        if not self.builds:
            return text + summary.paragraph("No build was found.")
        rows = [_row(result) for result in (*self.failed, *self.whole)]
        rows += [
            (str(absent.build), absent.bundle_id, "", "", f"missing: {absent.reason}")
            for absent in self.missing
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


def _missing(absent: MissingSymbols) -> dict[str, str]:
    return {
        "version": absent.build.version,
        "build-number": absent.build.build_number,
        "platform": absent.build.platform,
        "bundle-id": absent.bundle_id,
        "reason": absent.reason,
    }


def _row(result: DownloadResult) -> tuple[str, ...]:
    state = (
        f"failed: {result.error.message}"
        if result.error
        else "existed before"
        if result.was_there
        else "downloaded"
    )
    uuids = result.contents.uuids.items() if result.contents else ()
    shown = [f"{identity[:8]}… ({architecture})" for identity, architecture in uuids]
    return (
        str(result.target.build),
        # The name begins with the bundle id.
        result.target.name,
        words.size(result.contents.size) if result.contents else "",
        words.some(shown, UUIDS_SHOWN),
        state,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
