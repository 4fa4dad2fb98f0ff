"""Release an approved version, and steer its phased release.

https://developer.apple.com/documentation/appstoreconnectapi/appstoreversionreleaserequest
"""

from __future__ import annotations

import logging

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.errors import Error
from asc.store.version import LIVE, WAITS_FOR_RELEASE, PhasedRelease, StoreVersion, confirm, read_version

log = logging.getLogger(__name__)

RELEASED = {LIVE, "PROCESSING_FOR_DISTRIBUTION", "PENDING_APPLE_RELEASE"}
PHASED_STATES = {"pause": "PAUSED", "resume": "ACTIVE", "complete": "COMPLETE"}
"""Actions on a phased release and Apple's state for each."""


def is_needed(version: StoreVersion, action: str) -> bool:
    """Return whether an action changes anything at Apple; False if it is done already.

    Raises Error if the state of the version, or of its phased release, does not allow the action.
    """
    return _is_release_needed(version) if action == "release" else _is_steering_needed(version, action)


def _is_release_needed(version: StoreVersion) -> bool:
    if version.state in RELEASED:
        return False
    if version.state != WAITS_FOR_RELEASE:
        raise Error(
            f"Version {version.version} cannot be released: its state is {version.state}.",
            "Wait until Apple has approved it (submit-app-store with wait: reviewed), then run the step again.",
        )
    return True


def _is_steering_needed(version: StoreVersion, action: str) -> bool:
    phased = _phased(version)
    if phased.state == "INACTIVE":
        raise Error(
            f"The phased release of version {version.version} has not begun: the version is {version.state}.",
            "Wait until the version is in the App Store (action: release with wait: live), then run the step again.",
        )
    # A pause that came too late stops nothing: success would let a team believe that the bad version is held back.
    if action == "pause" and phased.state == "COMPLETE":
        raise Error(
            f"The phased release of version {version.version} is complete: every user gets the version.",
            "Release a corrected version, or remove the app from sale in App Store Connect.",
        )
    # A complete release needs neither a resume nor a completion.
    return phased.state not in (PHASED_STATES[action], "COMPLETE")


def _phased(version: StoreVersion) -> PhasedRelease:
    if version.phased is None:
        raise Error(
            f"Version {version.version} has no phased release.",
            "Set phased: true in submit-app-store, before the version is released.",
        )
    return version.phased


def release(client: Client, version: StoreVersion) -> StoreVersion:
    """Release a version that waits for it, and return it as it is then.

    Raises Error if Apple does not carry the release out.
    """
    body = request_body(
        "appStoreVersionReleaseRequests",
        {},
        None,
        {"appStoreVersion": reference("appStoreVersions", version.id)},
    )
    # If another job is quicker, or the answer is lost, the state of the version tells.
    client.create_once(
        lambda: client.post("/v1/appStoreVersionReleaseRequests", body),
        # `create_once` asks for None if nothing was found; False would be a find.
        lambda: read_version(client, version.id).state in RELEASED or None,
    )
    # Any other state will do, because Apple's list of states is open.
    released = confirm(client, version.id, lambda read: read.state != WAITS_FOR_RELEASE, _not_made)
    log.info("Released version %s", version.version)
    return released


def steer(client: Client, version: StoreVersion, action: str) -> StoreVersion:
    """Pause, resume or complete a phased release, and return its version.

    Raises Error if there is none, and if Apple does not carry the change out.
    """
    state = PHASED_STATES[action]
    steered = _set_phased_state(client, version, _phased(version), state)
    log.info("Set the phased release of version %s to %s", version.version, state)
    return steered


def _set_phased_state(
    client: Client, version: StoreVersion, phased: PhasedRelease, state: str
) -> StoreVersion:
    """Set the state of a phased release. After a lost answer, read the state."""
    body = request_body("appStoreVersionPhasedReleases", {"phasedReleaseState": state}, phased.id)

    def is_made(current: StoreVersion) -> bool:
        return current.phased is not None and current.phased.state in (state, "COMPLETE")

    path = f"/v1/appStoreVersionPhasedReleases/{phased.id}"
    client.create_once(
        lambda: client.patch(path, body), lambda: is_made(read_version(client, version.id)) or None
    )
    return confirm(client, version.id, is_made, _not_made)


def _not_made(version: StoreVersion) -> Error:
    phased = f", its phased release {version.phased.state}" if version.phased else ""
    return Error(
        f"Apple accepted the change, but version {version.version} is still {version.state}{phased}.",
        "Run the step again; if it stays, make the change in App Store Connect, on the page of the version.",
    )


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
