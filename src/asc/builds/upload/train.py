"""Read the train of a build number before the upload: is it closed, and what is its highest number?

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-appstoreversions
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.platforms import PLATFORM_NAMES
from asc.builds.build import Build
from asc.builds.number import BuildNumber, Number, same_value, spellings
from asc.errors import Error

log = logging.getLogger(__name__)

RELEASED = ("READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION")
"""States of a version that customers have, or had: Apple accepts no more builds of it (90186)."""
NEWEST = 50
"""Builds that are compared. The highest number is among the newest ones, unless numbers were counted down."""


@dataclass(frozen=True)
class Train:
    """The numbers of the newest builds, and the state of the released version; "" if none is released."""

    numbers: tuple[BuildNumber, ...] = ()
    released: str = ""


def read_train(client: Client, number: Number) -> Train:
    """Return the train of a number. Makes two requests."""
    builds = client.get(
        "/v1/builds",
        {
            "filter[app]": number.app_id,
            "filter[preReleaseVersion.version]": spellings(number.version),
            "filter[preReleaseVersion.platform]": number.platform,
            "include": "preReleaseVersion",
            "fields[builds]": "version,uploadedDate,preReleaseVersion",
            "fields[preReleaseVersions]": "version",
            "sort": "-uploadedDate",
            # One page, because an app can have thousands of builds and Apple checks the number again.
            "limit": NEWEST,
        },
        retry_404=True,
    )
    found = (Build.read(builds, resource) for resource in builds.data)
    # Compared again: Apple's filters can match more.
    numbers = (
        BuildNumber.parse(build.build_number) for build in found if same_value(build.version, number.version)
    )
    return Train(tuple(parsed for parsed in numbers if parsed), _released(client, number))


def check_train(train: Train, number: Number) -> str:
    """Return a warning if the number is below the train's highest, else "". Raises Error for a closed train."""
    # A number that exists is a resumed upload: Apple lets it finish also in a closed train.
    number_to_upload = BuildNumber.parse(number.build_number)
    if train.released and number_to_upload not in train.numbers:
        platform = PLATFORM_NAMES.get(number.platform, number.platform)
        raise Error(
            f"The train {number.version} ({platform}) is closed: this version was released ({train.released}).",
            "Raise CFBundleShortVersionString: Apple accepts no more builds of a released version (90186).",
        )
    highest = max(train.numbers, default=None)
    if number_to_upload and highest and number_to_upload < highest:
        return (
            f"Build number {number_to_upload} is below {highest}, the highest of {number.version}: "
            "App Store Connect may refuse it, and TestFlight offers it to nobody who has the other as an update. "
            "fetch-build-number tells the next."
        )
    return ""


def _released(client: Client, number: Number) -> str:
    try:
        found = client.get(
            f"/v1/apps/{number.app_id}/appStoreVersions",
            {
                "filter[versionString]": spellings(number.version),
                "filter[platform]": number.platform,
                "fields[appStoreVersions]": "versionString,platform,appVersionState",
            },
            retry_404=True,
        )
    except ApiError as error:
        # Not every role may read versions, and Apple checks it again.
        log.debug("The versions in the App Store cannot be read: %s", error.message)
        return ""
    states = (
        found_version.text("appVersionState")
        for found_version in found.data
        if same_value(found_version.text("versionString"), number.version)
    )
    return next((state for state in states if state in RELEASED), "")
