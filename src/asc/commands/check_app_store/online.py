"""The part of check-app-store that asks Apple: the version as it would be after update-app-store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from asc.api.client import Client
from asc.api.platforms import PLATFORMS
from asc.builds.binary.model import Binary
from asc.builds.build import fetch_build
from asc.builds.number import same_value
from asc.commands.check_app_store.inputs import Inputs
from asc.errors import Error
from asc.store.candidate import Candidate, read_candidate
from asc.store.preparing import Preparation
from asc.store.readiness import check_candidate
from asc.store.screenshots import Screenshots
from asc.store.target import choose_target
from asc.store.version import StoreVersion, choose_version, read_versions
from asc.store.wanted import Finding, Place, WantedPage


def candidate(
    client: Client,
    inputs: Inputs,
    now: datetime,
    page: WantedPage,
    shots: Screenshots,
    families: tuple[str, ...],
) -> Candidate:
    """Return the version at Apple, as it would be with the texts and pictures of the files."""
    app = inputs.app(client)
    versions = read_versions(client, app.id, PLATFORMS[inputs.platform])
    live = inputs.target == "live"
    version = _version(versions, inputs.version, live=live)
    build = fetch_build(client, version.build_id) if version.build_id and not live else None
    prepared = Preparation(build, release_date=version.earliest_release, phased=version.phased is not None)
    at_apple = read_candidate(client, app.id, versions, version, prepared, now, live=live)
    return at_apple if live else at_apple.with_files(page, shots, families)


def findings(candidate: Candidate, binary: Binary | None, *, live: bool) -> list[Finding]:
    """Return the findings about a version that is to be reviewed, and none for a live one."""
    # Apple accepted the live version, and its build may have expired since: its texts alone are looked at.
    return [] if live else [*check_candidate(candidate), *_of_binary(candidate, binary)]


def _version(versions: Sequence[StoreVersion], number: str | None, *, live: bool) -> StoreVersion:
    if number and not live:
        return choose_version(versions, number)
    version = choose_target(versions, number, live=live).version
    if version is None:
        raise Error(
            "The app has no version in preparation.", "Create one with update-app-store, or set target: live."
        )
    return version


def _of_binary(candidate: Candidate, binary: Binary | None) -> Iterator[Finding]:
    if binary is None:
        return
    version, app = candidate.version.version, candidate.app.bundle_id
    if not same_value(binary.version, version):
        message = f"the binary is version {binary.version}, and the version at Apple {version}"
        yield Finding("build", message, Place(str(binary.path)), "Build it with the same number.")
    if binary.bundle_id != app:
        message = f"the binary is {binary.bundle_id}, and the app {app}"
        yield Finding("build", message, Place(str(binary.path)), "Give the binary of this app.")
