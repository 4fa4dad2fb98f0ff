"""Builds without symbols: the reason, and whether waiting can help."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asc.api.client import Client
from asc.api.polling import Polling
from asc.builds.symbols.model import Bundle, SymbolBuild
from asc.builds.symbols.selecting import Selection, refreshed, select

log = logging.getLogger(__name__)

FRESH = timedelta(days=1)
"""The time after an upload in which symbols may still appear."""
PROCESSING = "PROCESSING"


@dataclass(frozen=True)
class MissingSymbols:
    """Symbols that App Store Connect does not have. `bundle_id` is "" for the whole build.

    `passing` is True if they may still come.
    """

    build: SymbolBuild
    bundle_id: str
    reason: str
    passing: bool

    def __str__(self) -> str:
        return f"{self.build}{f', {self.bundle_id}' if self.bundle_id else ''}: {self.reason}"


def missing(builds: Iterable[SymbolBuild], now: datetime) -> list[MissingSymbols]:
    """Return the missing symbols of builds; `now` is in UTC."""
    return [absent for build in builds for absent in _of_build(build, now)]


def _of_build(build: SymbolBuild, now: datetime) -> Iterator[MissingSymbols]:
    # Symbols appear some time after the upload, so that waiting may help a new build.
    fresh = not build.uploaded_at or now - build.uploaded_at < FRESH
    without = [bundle for bundle in build.bundles if not bundle.url]
    if build.processing_state in ("FAILED", "INVALID"):
        if without or not build.bundles:
            yield MissingSymbols(build, "", f"Apple refused the build ({build.processing_state})", False)
    elif build.processing_state == PROCESSING:
        if without or not build.bundles:
            yield MissingSymbols(build, "", "Apple is still processing the build", True)
    elif not build.bundles:
        yield MissingSymbols(build, "", "App Store Connect lists nothing that has symbols", fresh)
    else:
        whole = len(without) == len(build.bundles) == 1
        for bundle in without:
            yield MissingSymbols(build, "" if whole else bundle.bundle_id, *_reason(bundle, fresh))
    if build.hidden:
        yield MissingSymbols(
            build, "", f"App Store Connect does not show {build.hidden} of its bundles", False
        )


def _reason(bundle: Bundle, fresh: bool) -> tuple[str, bool]:
    # None says nothing: Apple left the attribute out of some answers.
    if bundle.includes_symbols is False:
        return "it was uploaded without symbols", False
    return "App Store Connect has no dSYMs of it", fresh


def await_symbols(
    client: Client, selection: Selection, builds: list[SymbolBuild], timeout: float
) -> list[SymbolBuild]:
    """Wait until no more symbols can come, or for `timeout` seconds; return the builds as they are then.

    If the selection names a build number that does not exist yet, wait for the build as well.
    """
    polling = Polling(client, client.clock.monotonic() + timeout)
    while True:
        pending = [absent for absent in missing_now(client, builds) if absent.passing]
        if polling.left <= 0 or not (pending or (not builds and selection.number)):
            return builds
        state = "; ".join(map(str, pending)) or f"there is no build {selection.number} yet"
        if polling.is_news(state):
            log.info("Waiting up to %.0f s more: %s", polling.left, state)
        polling.pause()
        builds = _looked_at_again(client, selection, builds, [absent.build for absent in pending])


def missing_now(client: Client, builds: list[SymbolBuild]) -> list[MissingSymbols]:
    """Return the missing symbols of builds at the client's time."""
    return missing(builds, datetime.fromtimestamp(client.clock.now(), UTC))


def _looked_at_again(
    client: Client, selection: Selection, builds: list[SymbolBuild], pending: list[SymbolBuild]
) -> list[SymbolBuild]:
    if not builds:
        return select(client, selection)
    current = refreshed(client, dict.fromkeys(pending))
    return [current.get(build.id, build) for build in builds]
