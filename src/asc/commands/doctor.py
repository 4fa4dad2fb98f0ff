"""doctor: check the API key, its token, the apps that it sees, and the requests that its role allows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from asc import words
from asc.api.client import Client
from asc.api.errors import INDIVIDUAL_KEY, ApiError, is_closed_to
from asc.api.key.model import ApiKey
from asc.apps.app import App, visible_apps
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, CommonInputs, given, output
from asc.errors import Error, Problem
from asc.job import summary

log = logging.getLogger(__name__)

ROWS = 50
"""Apps in the table of the summary."""

_PROVISIONING = "App Manager with access to certificates, identifiers and profiles"

# What each action has to read first, of the first app for {app}. Reading is all that can be tried without a change.
PROBES = {
    "fetch-build-number": ("/v1/builds", "Developer"),
    "upload-testflight": ("/v1/betaGroups", "App Manager"),
    "manage-testers": ("/v1/betaTesters", "App Manager"),
    "manage-group": ("/v1/betaGroups", "App Manager"),
    "download-feedback": ("/v1/apps/{app}/betaFeedbackCrashSubmissions", "App Manager"),
    "sync-signing": ("/v1/certificates", _PROVISIONING),
    "register-bundle-ids": ("/v1/bundleIds", _PROVISIONING),
    "register-devices": ("/v1/devices", _PROVISIONING),
    "download-dsyms": ("/v1/builds", "Developer"),
    "check-app-store": ("/v1/apps/{app}/appStoreVersions", "Developer"),
    "download-app-store": ("/v1/apps/{app}/appStoreVersions", "Developer"),
    "update-app-store": ("/v1/apps/{app}/appInfos", "App Manager"),
    "submit-app-store": ("/v1/apps/{app}/reviewSubmissions", "App Manager"),
    "release-app-store": ("/v1/apps/{app}/appStoreVersions", "App Manager"),
    "manage-webhooks": ("/v1/apps/{app}/webhooks", "Admin"),
}

_WRITERS = (
    *("register-bundle-ids", "register-devices"),
    *("update-app-store", "submit-app-store", "release-app-store"),
)
# A key of the role Developer may read bundle ids, devices and store pages, and not change them.
WRITING = dict.fromkeys(_WRITERS, "App Manager or Admin")
"""Roles for the writing requests of actions whose reading requests a smaller role may send, too."""


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The key, and the action or file that it is checked for."""

    needs: tuple[str, ...] = given(
        kinds.LIST,
        "Actions that the key must be able to do. The step fails if it cannot.",
        group="Checks",
        examples=("fetch-build-number, upload-testflight",),
    )

    def problems(self) -> Iterator[Problem]:
        """Yield the names in `needs` that are no actions."""
        for name in self.needs or ():
            if name not in PROBES:
                yield Problem(
                    "needs", f"{kinds.quoted(name)} is not an action", f"Choose from: {', '.join(PROBES)}."
                )


@dataclass(frozen=True)
class Outputs:
    """The outputs of doctor for later steps."""

    key_id: str = output("The id of the key.")
    apps: str = output("Bundle ids of the apps that the key sees, separated by commas.")
    allowed: str = output("The actions whose reading requests the key may make, separated by commas.")
    clock_skew: str = output("Seconds that this machine's clock is ahead of Apple's.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Check the key from its text to its role. Raises Error if `needs` names an action that the key cannot do."""
    key = context.key(inputs)
    # An individual key has no issuer.
    kind = "individual key" if key.issuer_id is None else f"team key of issuer {key.issuer_id}"
    log.info("✓ The key %s can be read (%s, tokens of %d s)", key.key_id, kind, key.lifetime)
    client = context.connect(inputs, key)
    apps = _apps(client)
    log.info("✓ App Store Connect accepts its token")
    _tell_clock(client)
    log.info("✓ It sees %s%s", words.counted(len(apps), "app"), _names(apps))
    # A refused request is the only way to learn about a role: the API does not tell the roles of a key.
    app_id = apps[0].id if apps else None
    # Keyed by path, because several actions read the same first, and one request answers for all.
    answers = {path: _answers(client, path, key, app_id) for path, _ in PROBES.values()}
    refused = {action: role for action, (path, role) in PROBES.items() if not answers[path]}
    for action in PROBES:
        log.info("%s", _verdict(action, key, refused))
    log.info("Only reading requests were tried, because writing requests would change something")
    context.summary.append(_summary(key.key_id, apps, refused))
    missing = [action for action in inputs.needs or () if action in refused]
    if missing:
        kind = "team key" if is_closed_to(key, PROBES[missing[0]][0]) else "key"
        raise Error(
            f"The key {key.key_id} cannot do {', '.join(missing)}.",
            f"Create a {kind} with the role {refused[missing[0]]} in App Store Connect, Users and Access, "
            "Integrations.",
        )
    return Outputs(
        key_id=key.key_id,
        apps=",".join(app.bundle_id for app in apps),
        allowed=",".join(action for action in PROBES if action not in refused),
        clock_skew=str(round(client.traffic.skew)),
    )


def _verdict(action: str, key: ApiKey, refused: dict[str, str]) -> str:
    if action not in refused:
        writing = f"; its changes need the role {WRITING[action]}" if action in WRITING else ""
        return f"✓ {action}: its reading requests are allowed{writing}"
    # No role opens these requests to an individual key.
    if is_closed_to(key, PROBES[action][0]):
        return f"✗ {action}: refused; {INDIVIDUAL_KEY}: use a team key"
    return f"✗ {action}: refused; it needs the role {refused[action]}"


def _apps(client: Client) -> list[App]:
    """Return the visible apps, or none if the role may not list apps."""
    try:
        return visible_apps(client)
    except ApiError as error:
        if error.status == 403:
            log.info("✗ Its role may not list apps")
            return []
        # A wrong clock is one reason for a refused token, so the log names it before the error ends the step.
        _tell_clock(client)
        raise


def _tell_clock(client: Client) -> None:
    if client.traffic.skew_in_words():
        log.info("✗ %s: set it", client.traffic.skew_in_words())
    else:
        log.info("✓ The clock agrees with Apple's")


def _answers(client: Client, path: str, key: ApiKey, app_id: str | None) -> bool:
    if "{app}" in path and app_id is None:
        return False  # a key that sees no app can do nothing for one
    try:
        client.get(path.replace("{app}", app_id or ""), {"limit": 1})
    except ApiError as error:
        # The list of apps showed that the token is good: a 401 of what is closed to the key says the same as a 403.
        if error.status == 403 or (error.status == 401 and is_closed_to(key, path)):
            return False
        raise
    return True


def _names(apps: list[App]) -> str:
    return f": {words.some([app.bundle_id for app in apps])}" if apps else ""


def _summary(key_id: str, apps: list[App], refused: dict[str, str]) -> str:
    rows = [(action, "no" if action in refused else "yes", refused.get(action, "")) for action in PROBES]
    return (
        summary.heading(f"The API key {key_id}")
        + summary.table(("Action", "Reading allowed", "Role needed"), rows)
        + summary.table(
            ("Bundle id", "App id", "Name"), [(app.bundle_id, app.id, app.name) for app in apps[:ROWS]]
        )
    )


COMMAND = Command(
    name="doctor",
    summary="Check an API key and say how to fix it.",
    description=(
        "Checks the text of the key, the clock, the answer of App Store Connect to its token, the apps that it sees, "
        "and the requests that its role allows for each action. Changes nothing."
    ),
    role="any",
    icon="activity",
    example="""\
- uses: OWNER/REPO/actions/doctor@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    needs: fetch-build-number
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
