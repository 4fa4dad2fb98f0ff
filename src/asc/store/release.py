"""Release an approved version, and steer its phased release.

https://developer.apple.com/documentation/appstoreconnectapi/appstoreversionreleaserequest
"""

from __future__ import annotations

import logging

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.errors import Error
from asc.store.version import LIVE, WAITS_FOR_RELEASE, PhasedRelease, StoreVersion, read_version

log = logging.getLogger(__name__)

RELEASED = {LIVE, "PROCESSING_FOR_DISTRIBUTION", "PENDING_APPLE_RELEASE"}
PHASED_STATES = {"pause": "PAUSED", "resume": "ACTIVE", "complete": "COMPLETE"}
"""Actions on a phased release and Apple's state for each."""


def release(client: Client, version: StoreVersion) -> bool:
    """Release a version that waits for it. Return False if it is released already. Raises Error in other states."""
    if version.state in RELEASED:
        return False
    if version.state != WAITS_FOR_RELEASE:
        raise Error(
            f"Version {version.version} cannot be released: its state is {version.state}.",
            "Wait until Apple has approved it (submit-app-store with wait: reviewed), then run the step again.",
        )
    body = request_body(
        "appStoreVersionReleaseRequests",
        {},
        None,
        {"appStoreVersion": reference("appStoreVersions", version.id)},
    )
    # If another job is quicker, or the answer is lost, the state of the version tells.
    client.create_once(
        lambda: client.post("/v1/appStoreVersionReleaseRequests", body),
        lambda: read_version(client, version.id).state in RELEASED or None,
    )
    log.info("Released version %s", version.version)
    return True


def steer(client: Client, version: StoreVersion, action: str) -> bool:
    """Pause, resume or complete a phased release. Return False if it is so already. Raises Error if there is none."""
    state = PHASED_STATES[action]
    phased = version.phased
    if phased is None:
        raise Error(
            f"Version {version.version} has no phased release.",
            "Set phased: true in submit-app-store, before the version is released.",
        )
    if phased.state in (state, "COMPLETE"):
        return False
    if phased.state == "INACTIVE":
        raise Error(
            f"The phased release of version {version.version} has not begun: the version is {version.state}.",
            "Wait until the version is in the App Store (action: release with wait: live), then run the step again.",
        )
    set_phased_state(client, version, phased, state)
    return True


def set_phased_state(client: Client, version: StoreVersion, phased: PhasedRelease, state: str) -> None:
    """Set the state of a phased release. A lost answer is looked up."""
    body = request_body("appStoreVersionPhasedReleases", {"phasedReleaseState": state}, phased.id)

    def find() -> bool | None:
        current = read_version(client, version.id).phased
        return (current is not None and current.state == state) or None

    path = f"/v1/appStoreVersionPhasedReleases/{phased.id}"
    client.create_once(lambda: client.patch(path, body), find)
    log.info("Set the phased release of version %s to %s", version.version, state)


def make_phased(client: Client, version: StoreVersion) -> None:
    """Give a version a phased release. It begins when the version is released; after a 409 there is one already."""
    body = request_body(
        "appStoreVersionPhasedReleases",
        {"phasedReleaseState": "INACTIVE"},
        None,
        {"appStoreVersion": reference("appStoreVersions", version.id)},
    )
    client.create_once(
        lambda: client.post("/v1/appStoreVersionPhasedReleases", body),
        lambda: read_version(client, version.id).phased is not None or None,
    )
    log.info("Version %s gets a phased release", version.version)


def remove_phased(client: Client, version: StoreVersion, phased: PhasedRelease) -> None:
    """Take the phased release from a version that is not released yet."""
    path = f"/v1/appStoreVersionPhasedReleases/{phased.id}"
    client.create_once(
        lambda: client.delete(path), lambda: read_version(client, version.id).phased is None or None
    )
    log.info("Version %s goes to everybody at once", version.version)
