"""The TestFlight facts of a build: its states, its notes for testers, and the notification of testers."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.builds import BUILDS
from asc_sandbox.rules import states
from asc_sandbox.rules.builds import notify
from asc_sandbox.rules.texts import change_notes, make_notes
from asc_sandbox.schema import Resource, hidden, one
from asc_sandbox.writing import changing, creating, deleting

BUILD_BETA_DETAILS = Resource(
    "buildBetaDetails",
    area="testflight",
    attributes={"autoNotifyEnabled": flag, "internalBuildState": text, "externalBuildState": text},
    relationships=(one("build", "builds"),),
    defaults={"autoNotifyEnabled": False},
    # Both states follow from other facts, unless a seed sets them.
    derived={"internalBuildState": states.internal, "externalBuildState": states.external},
)

BETA_BUILD_LOCALIZATIONS = Resource(
    "betaBuildLocalizations",
    area="testflight",
    attributes={"whatsNew": text, "locale": text},
    relationships=(one("build", "builds"),),
)

BUILD_BETA_NOTIFICATIONS = Resource(
    "buildBetaNotifications",
    area="testflight",
    attributes={},
    relationships=(hidden("build", "builds"),),
)

RESOURCES = (BUILD_BETA_DETAILS, BETA_BUILD_LOCALIZATIONS, BUILD_BETA_NOTIFICATIONS)

ENDPOINTS = (
    listing("/v1/buildBetaDetails", BUILD_BETA_DETAILS, filters=(Filter("build"), Filter("id"))),
    instance("/v1/buildBetaDetails/{id}", BUILD_BETA_DETAILS),
    changing("/v1/buildBetaDetails/{id}", BUILD_BETA_DETAILS, optional=("autoNotifyEnabled",)),
    related("/v1/builds/{id}/buildBetaDetail", BUILDS, "buildBetaDetail", BUILD_BETA_DETAILS, includes=True),
    listing(
        "/v1/betaBuildLocalizations", BETA_BUILD_LOCALIZATIONS, filters=(Filter("locale"), Filter("build"))
    ),
    creating(
        "/v1/betaBuildLocalizations",
        BETA_BUILD_LOCALIZATIONS,
        required=("locale",),
        optional=("whatsNew",),
        owners=("build",),
        then=make_notes,
    ),
    instance("/v1/betaBuildLocalizations/{id}", BETA_BUILD_LOCALIZATIONS),
    changing(
        "/v1/betaBuildLocalizations/{id}",
        BETA_BUILD_LOCALIZATIONS,
        optional=("whatsNew",),
        then=change_notes,
    ),
    deleting("/v1/betaBuildLocalizations/{id}", BETA_BUILD_LOCALIZATIONS),
    related(
        "/v1/builds/{id}/betaBuildLocalizations", BUILDS, "betaBuildLocalizations", BETA_BUILD_LOCALIZATIONS
    ),
    creating("/v1/buildBetaNotifications", BUILD_BETA_NOTIFICATIONS, owners=("build",), then=notify),
)
