"""Builds without symbols: why there are none, and whether waiting can help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from asc.builds.symbols.model import Build, Bundle

FRESH = timedelta(days=1)
"""How long after its upload a build may still get symbols that it has not."""
PROCESSING = "PROCESSING"


@dataclass(frozen=True)
class Missing:
    """Symbols that are not there. `bundle_id` is "" for the whole build; `passing` is whether they may still come."""

    build: Build
    bundle_id: str
    reason: str
    passing: bool

    def __str__(self) -> str:
        return f"{self.build}{f', {self.bundle_id}' if self.bundle_id else ''}: {self.reason}"


def missing(builds: Iterable[Build], now: datetime) -> list[Missing]:
    """What is missing of builds; `now` is in UTC."""
    return [each for build in builds for each in _of_build(build, now)]


def _of_build(build: Build, now: datetime) -> Iterator[Missing]:
    fresh = not build.uploaded_at or now - build.uploaded_at < FRESH
    without = [bundle for bundle in build.bundles if not bundle.url]
    if build.state in ("FAILED", "INVALID"):
        if without or not build.bundles:
            yield Missing(build, "", f"Apple refused the build ({build.state})", False)
    elif build.state == PROCESSING:
        if without or not build.bundles:
            yield Missing(build, "", "Apple is still processing the build", True)
    elif not build.bundles:
        yield Missing(build, "", "App Store Connect lists nothing that has symbols", fresh)
    else:
        whole = len(without) == len(build.bundles) == 1
        for bundle in without:
            yield Missing(build, "" if whole else bundle.bundle_id, *_reason(bundle, fresh))
    if build.hidden:
        yield Missing(build, "", f"App Store Connect does not show {build.hidden} of its bundles", False)


def _reason(bundle: Bundle, fresh: bool) -> tuple[str, bool]:
    if bundle.includes_symbols is False:
        return "it was uploaded without symbols", False
    return "App Store Connect has no dSYMs of it", fresh
