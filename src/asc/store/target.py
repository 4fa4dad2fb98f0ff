"""The version that update-app-store writes: chosen, made or renamed. Apple allows one beside the live one.

https://developer.apple.com/documentation/appstoreconnectapi/post-v1-appstoreversions
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.api.errors import ApiError
from asc.builds.number import same_value
from asc.errors import Error
from asc.store.version import LIVE, StoreVersion, made_version, read_versions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """The version that a step is about.

    version: the one at Apple; None if it is to be made. number: the number that it gets.
    base: the version whose texts Apple copies into a new one. is_first: the platform never had another.
    """

    version: StoreVersion | None
    number: str
    base: StoreVersion | None
    is_first: bool

    @property
    def is_renamed(self) -> bool:
        """True if the version at Apple has another number."""
        return self.version is not None and self.version.version != self.number


def choose_target(versions: Sequence[StoreVersion], number: str | None, *, live: bool) -> Choice:
    """Return the version to write. Raises Error if there is none, or if it cannot get the number.

    An editable version gets the number that is asked for, as fastlane does: Apple allows one beside the live one.
    """
    if live:
        return _choose_live(versions, number)
    under_way = next((candidate for candidate in versions if not candidate.is_settled), None)
    if under_way is None:
        if number is None:
            raise Error(
                "The app has no version that can be edited.",
                "Set version to the number of the version to create.",
            )
        if any(same_value(candidate.version, number) for candidate in versions):
            raise Error(
                f"Version {number} is live or was live, and can no longer be edited.",
                "Set version to a higher number, or set target: live for the promotional text.",
            )
        # All of them are settled here, and Apple copies the texts of the newest.
        return Choice(None, number, versions[0] if versions else None, is_first=not versions)
    # fastlane renames it as well: Apple would refuse a second version beside it.
    new_number = number or under_way.version
    if new_number != under_way.version and not under_way.is_editable:
        raise Error(
            f"Version {under_way.version} is {under_way.state}, so version {new_number} cannot be created beside it.",
            "Withdraw it (submit-app-store, action: withdraw), release it, or wait for the review.",
        )
    return Choice(under_way, new_number, None, is_first=len(versions) == 1)


def _choose_live(versions: Sequence[StoreVersion], number: str | None) -> Choice:
    for version in versions:
        if version.state == LIVE and same_value(version.version, number or version.version):
            return Choice(version, version.version, None, is_first=False)
    label = f"version {number}" if number else "version"
    raise Error(f"The app has no live {label}.", "Set target: edit, or name the version that is live.")


def make_version(client: Client, app_id: str, platform: str, number: str) -> StoreVersion:
    """Make a version and return it. An answer that is lost never leads to a second version."""
    body = request_body(
        "appStoreVersions",
        {"platform": platform, "versionString": number},
        relationships={"app": reference("apps", app_id)},
    )

    def create() -> StoreVersion:
        return made_version(client.create("/v1/appStoreVersions", body))

    def find() -> StoreVersion | None:
        # The lost request may have made it, and then a second one is refused.
        listed = read_versions(client, app_id, platform)
        return next(
            (version for version in listed if same_value(version.version, number) and not version.is_settled),
            None,
        )

    def may_exist(error: ApiError) -> bool:
        # Beside another one Apple says "in the current state", beside the same number "previously used".
        return error.status == 409

    # Listings show a new version some seconds late.
    created = client.create_once(create, find, pauses=(0.0, 2.0, 5.0), may_exist=may_exist).value
    log.info("Created version %s", number)
    return created


def rename_version(client: Client, version: StoreVersion, number: str) -> None:
    """Change the version string of an editable version to `number`. Raises ApiError if Apple refuses."""
    body = request_body("appStoreVersions", {"versionString": number}, version.id)
    client.patch(f"/v1/appStoreVersions/{version.id}", body)
    log.info("Renamed version %s to %s", version.version, number)
