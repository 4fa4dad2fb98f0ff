"""The groups of TestFlight testers, and the testers."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, mappings, number, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.builds import BUILDS
from asc_sandbox.resources.values import INVITE_TYPES
from asc_sandbox.rules.groups import admit_build, change_group, make_group
from asc_sandbox.rules.testers import admit_to_build, admit_to_group, invite, leave_app
from asc_sandbox.schema import Resource, link, many, one
from asc_sandbox.writing import changing, creating, deleting

BETA_GROUPS = Resource(
    "betaGroups",
    area="testflight",
    attributes={
        "name": text,
        "createdDate": date,
        "isInternalGroup": flag,
        "hasAccessToAllBuilds": flag,
        "publicLinkEnabled": flag,
        "publicLinkId": text,
        "publicLinkLimitEnabled": flag,
        "publicLinkLimit": number,
        "publicLink": text,
        "feedbackEnabled": flag,
        "iosBuildsAvailableForAppleSiliconMac": flag,
        "iosBuildsAvailableForAppleVision": flag,
    },
    relationships=(
        one("app", "apps"),
        many("builds", "builds"),
        many("betaTesters", "betaTesters"),
        one("betaRecruitmentCriteria", "betaRecruitmentCriteria", inverse="betaGroup"),
        link("betaRecruitmentCriterionCompatibleBuildCheck"),
    ),
    defaults={"createdDate": "30 days ago", "isInternalGroup": False, "feedbackEnabled": True},
)

BETA_TESTERS = Resource(
    "betaTesters",
    area="testflight",
    attributes={
        "firstName": text,
        "lastName": text,
        "email": text,
        "inviteType": text,
        "state": text,
        "appDevices": mappings,
    },
    relationships=(
        many("apps", "apps"),
        many("betaGroups", "betaGroups", inverse="betaTesters"),
        many("builds", "builds", inverse="individualTesters"),
    ),
    defaults={"inviteType": "EMAIL", "state": "ACCEPTED"},
    # For the metrics (tester_usages): the time of the last session, and the numbers of sessions and crashes.
    private={"lastSession": date, "sessions": number, "crashes": number},
)

RESOURCES = (BETA_GROUPS, BETA_TESTERS)

_ALL = ("GET", "POST", "DELETE")

ENDPOINTS = (
    listing(
        "/v1/betaGroups",
        BETA_GROUPS,
        filters=(
            Filter("name"),
            Filter("isInternalGroup"),
            Filter("publicLinkEnabled"),
            Filter("publicLinkLimitEnabled"),
            Filter("publicLink"),
            Filter("app"),
            Filter("builds"),
            Filter("id"),
        ),
        sorts=("name", "createdDate", "publicLinkEnabled", "publicLinkLimit"),
        limit_maxima={"builds": 1000},
    ),
    creating(
        "/v1/betaGroups",
        BETA_GROUPS,
        required=("name",),
        optional=(
            "isInternalGroup",
            "hasAccessToAllBuilds",
            "publicLinkEnabled",
            "publicLinkLimitEnabled",
            "publicLinkLimit",
            "feedbackEnabled",
        ),
        owners=("app",),
        related=("builds", "betaTesters"),
        then=make_group,
    ),
    # Apple's document allows more builds here than the usual 50 of an included list.
    instance("/v1/betaGroups/{id}", BETA_GROUPS, limit_maxima={"builds": 1000}),
    changing(
        "/v1/betaGroups/{id}",
        BETA_GROUPS,
        optional=(
            "name",
            "publicLinkEnabled",
            "publicLinkLimitEnabled",
            "publicLinkLimit",
            "feedbackEnabled",
            "iosBuildsAvailableForAppleSiliconMac",
            "iosBuildsAvailableForAppleVision",
        ),
        then=change_group,
    ),
    deleting("/v1/betaGroups/{id}", BETA_GROUPS),
    related("/v1/betaGroups/{id}/app", BETA_GROUPS, "app", APPS),
    related("/v1/betaGroups/{id}/builds", BETA_GROUPS, "builds", BUILDS),
    related("/v1/betaGroups/{id}/betaTesters", BETA_GROUPS, "betaTesters", BETA_TESTERS),
    *linkages(BETA_GROUPS, "builds", BUILDS, _ALL, admit=admit_build),
    *linkages(BETA_GROUPS, "betaTesters", BETA_TESTERS, _ALL, admit=admit_to_group),
    related("/v1/apps/{id}/betaGroups", APPS, "betaGroups", BETA_GROUPS),
    *linkages(
        BUILDS,
        "betaGroups",
        BETA_GROUPS,
        ("POST", "DELETE"),
        # The rules take the group first, from whichever side the link is made.
        admit=lambda call, build, group: admit_build(call, group, build),
    ),
    listing(
        "/v1/betaTesters",
        BETA_TESTERS,
        filters=(
            Filter("firstName"),
            Filter("lastName"),
            Filter("email"),
            Filter("inviteType", values=INVITE_TYPES),
            Filter("apps"),
            Filter("betaGroups"),
            Filter("builds"),
            Filter("id"),
        ),
        sorts=("firstName", "lastName", "email", "inviteType", "state"),
    ),
    creating(
        "/v1/betaTesters",
        BETA_TESTERS,
        required=("email",),
        optional=("firstName", "lastName"),
        related=("betaGroups", "builds"),
        then=invite,
    ),
    instance("/v1/betaTesters/{id}", BETA_TESTERS),
    deleting("/v1/betaTesters/{id}", BETA_TESTERS),
    related("/v1/builds/{id}/individualTesters", BUILDS, "individualTesters", BETA_TESTERS),
    *linkages(BUILDS, "individualTesters", BETA_TESTERS, _ALL, admit=admit_to_build),
    related("/v1/betaTesters/{id}/apps", BETA_TESTERS, "apps", APPS),
    related("/v1/betaTesters/{id}/betaGroups", BETA_TESTERS, "betaGroups", BETA_GROUPS),
    related("/v1/betaTesters/{id}/builds", BETA_TESTERS, "builds", BUILDS),
    *linkages(BETA_TESTERS, "apps", APPS, ("GET", "DELETE"), release=leave_app),
    *linkages(
        BETA_TESTERS,
        "betaGroups",
        BETA_GROUPS,
        _ALL,
        admit=lambda call, tester, group: admit_to_group(call, group, tester),
    ),
    *linkages(
        BETA_TESTERS,
        "builds",
        BUILDS,
        _ALL,
        admit=lambda call, tester, build: admit_to_build(call, build, tester),
    ),
    *linkages(
        APPS,
        "betaTesters",
        BETA_TESTERS,
        ("DELETE",),
        release=lambda call, app, tester: leave_app(call, tester, app),
    ),
)
