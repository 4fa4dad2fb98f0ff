"""Find the build of a number, and the number of the latest build."""

from __future__ import annotations

from collections.abc import Iterable

from asc.api.client import Client
from asc.api.platforms import PLATFORM_NAMES, PLATFORMS
from asc.apps.app import App
from asc.builds import build
from asc.builds.build import Build
from asc.builds.history import UsedNumber, numbers_used
from asc.builds.number import BuildNumber, Number, spellings
from asc.errors import InputError, Problem

DEAD = {"FAILED", "INVALID", "AWAITING_UPLOAD", ""}
"""States of builds and uploads that never reach testers. A state that Apple adds later is not among them."""


def find_build(client: Client, number: Number) -> Build | None:
    """Return the newest build of exactly this number, or None if there is none yet.

    Raises InputError if the number names no platform and there are builds for several.
    """
    query = {
        "filter[app]": number.app_id,
        "filter[version]": spellings(number.build_number),
        "filter[preReleaseVersion.version]": spellings(number.version),
        "filter[preReleaseVersion.platform]": number.platform or None,
        # A number may have an older build that failed: the newest one counts.
        "sort": "-uploadedDate",
        **build.QUERY,
    }
    # All pages, and compared again: Apple's filters can match more than the exact text, and those may be newer.
    document = client.list("/v1/builds", query, retry_404=True)
    builds = [Build.read(document, resource) for resource in document.data]
    builds = [
        candidate
        for candidate in builds
        if number.is_one_with(candidate.version, candidate.build_number, candidate.platform)
    ]
    _check_platform(str(number), (candidate.platform for candidate in builds))
    return build.fetch_rest(client, builds[0]) if builds else None


def find_latest(client: Client, app: App, platform: str, version: str) -> Number | None:
    """Return the highest number of the highest version, over builds and uploads that become one; None without any.

    Raises InputError if `platform` is "" and there are builds for several.
    """
    used = numbers_used(client, app, platform or None, version or None)
    # A failed upload has used its number up, but nobody can test it.
    used = [number for number in used if number.state not in DEAD]
    _check_platform("a latest build", (number.platform for number in used))
    if not used:
        return None
    # By number and not by date: a hotfix of an older version may be the newest upload.
    latest = max(used, key=_age)
    return Number(app.id, latest.version, latest.number.text, latest.platform)


def _age(used: UsedNumber) -> tuple[BuildNumber, BuildNumber]:
    # Versions with letters come from old Mac builds, and are below every other.
    return BuildNumber.parse(used.version) or BuildNumber("0"), used.number


def _check_platform(label: str, found_platforms: Iterable[str]) -> None:
    platforms = sorted({PLATFORM_NAMES.get(platform, platform) for platform in found_platforms})
    if len(platforms) > 1:
        raise InputError(
            [
                Problem(
                    "platform",
                    f"is required: there is {label} for {' and for '.join(platforms)}",
                    f"Give one of {', '.join(PLATFORMS)}.",
                )
            ]
        )
