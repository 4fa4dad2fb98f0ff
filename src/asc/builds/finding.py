"""Finding the build of a number."""

from __future__ import annotations

from dataclasses import replace

from asc.api.client import Client
from asc.builds.distribution import state
from asc.builds.distribution.state import BuildState
from asc.builds.number import spellings
from asc.builds.platforms import PLATFORM_NAMES, PLATFORMS
from asc.builds.upload.model import Number
from asc.errors import InputError, Problem


def find_build(client: Client, number: Number) -> BuildState | None:
    """The newest build of exactly this number, with all that distribution asks about; None while there is none.

    Raises InputError where the number names no platform and there are builds for several.
    """
    query = {
        "filter[app]": number.app_id,
        "filter[version]": spellings(number.build_number),
        "filter[preReleaseVersion.version]": spellings(number.version),
        "filter[preReleaseVersion.platform]": number.platform or None,
        "sort": "-uploadedDate",
        "limit": 10,
        **state.QUERY,
    }
    found = client.get("/v1/builds", query)
    builds = [BuildState.read(replace(found, data=(resource,))) for resource in found.data]
    builds = [each for each in builds if number.is_one_with(each.version, each.build_number, each.platform)]
    platforms = sorted({PLATFORM_NAMES.get(each.platform, each.platform) for each in builds})
    if len(platforms) > 1:
        raise InputError(
            [
                Problem(
                    "platform",
                    f"is required: there is {number} for {' and for '.join(platforms)}",
                    f"Give one of {', '.join(PLATFORMS)}.",
                )
            ]
        )
    return state.whole(client, builds[0]) if builds else None
