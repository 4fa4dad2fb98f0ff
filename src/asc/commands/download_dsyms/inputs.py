"""The inputs of download-dsyms, and their checks before any request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from asc.builds.symbols.selecting import LATEST, LIVE
from asc.commands import kinds
from asc.commands.declaration import given, given_together
from asc.commands.naming import PLATFORM, AppInputs
from asc.errors import Problem

BUILDS, FILES, NOTHING = "Builds", "Files", "Missing symbols"
MOST_PARALLEL = 32


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The selection of builds, and the folder for their symbols."""

    platform: str | None = given(
        PLATFORM, "Only builds for this platform. The default is all platforms.", group=BUILDS
    )
    version: str | None = given(
        kinds.version(LATEST, LIVE),
        "Only builds of this version (train); quote it in YAML: unquoted, `1.10` becomes 1.1. "
        "`latest`: the highest version of each platform. "
        "`live`: the builds that customers have now.",
        group=BUILDS,
        examples=("1.5.0", "latest", "live"),
    )
    build_number: str | None = given(
        kinds.build_number(LATEST),
        "Only builds with this number. `latest`: the highest number for each platform, by default of "
        "the highest version.",
        group=BUILDS,
        examples=("42", "latest"),
    )
    min_version: str | None = given(
        kinds.version(),
        "Only builds of this version or higher; 1.10 is higher than 1.9.",
        group=BUILDS,
        examples=("1.4.0",),
    )
    uploaded_after: datetime | None = given(  # noqa: RUF009 (a field, as all others)
        kinds.DATE,
        "Only builds uploaded after this moment (UTC, unless it names a time zone).",
        group=BUILDS,
        examples=("2026-01-31",),
    )
    limit: int | None = given(
        kinds.whole_number(1, 100_000),
        "Largest number of builds; the newest uploads come first.",
        group=BUILDS,
    )
    directory: str = given(
        kinds.PATH, "Folder for the files. It is created if it does not exist.", group=FILES, default="dsyms"
    )
    extract: bool = given(
        kinds.BOOLEAN,
        "Also unpack each archive into a folder beside it, with its `.dSYM` bundles.",
        group=FILES,
        default="false",
    )
    skip_existing: bool = given(
        kinds.BOOLEAN,
        "Keep existing files that are whole. `false` downloads everything again.",
        group=FILES,
        default="true",
    )
    parallel_downloads: int = given(
        kinds.whole_number(1, MOST_PARALLEL),
        "Number of files to download at the same time.",
        group=FILES,
        default="16",
    )
    wait: float = given(
        kinds.DURATION,
        "Longest time to wait for the symbols of builds that Apple is still processing.",
        group=NOTHING,
        default="0",
        examples=("10m",),
    )
    if_missing: str = given(
        kinds.choice(("fail", "warn", "ignore")),
        "Handling of builds without symbols, and of a selection without builds: fail the step, warn, "
        "or neither. The output `missing` names them in any case.",
        group=NOTHING,
        default="warn",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield the problems: exactly one app is named, and the selection makes sense."""
        yield from super().problems()
        yield from self._senseless()

    def _senseless(self) -> Iterator[Problem]:
        latest = self.version == LATEST or self.build_number == LATEST
        if self.min_version and self.version:
            yield given_together("min-version", "version")
        elif self.min_version and latest:
            yield Problem(
                "min-version",
                "is given together with build-number: latest",
                "Omit it: latest belongs to the highest version.",
            )
        if self.version in (LATEST, LIVE) and self.build_number not in (None, LATEST):
            yield Problem(
                "build-number",
                f"is given together with version: {self.version}",
                "Give the version that the build number belongs to, or none.",
            )
        if self.version == LIVE and self.build_number == LATEST:
            yield given_together("build-number", "version: live")
        if self.uploaded_after and (latest or self.version == LIVE):
            word = self.version if self.version in (LATEST, LIVE) else LATEST
            yield given_together("uploaded-after", str(word))

    def problems_at(self, now: datetime) -> Iterator[Problem]:
        """Yield the problem of a moment that has not come: no build can be newer."""
        if self.uploaded_after and self.uploaded_after > now:
            yield Problem("uploaded-after", "lies in the future", "Give a moment that has passed.")
