"""The groups of TestFlight testers."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, number, text
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.schema import Resource, link, many, one

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
        one("betaRecruitmentCriteria", "betaRecruitmentCriteria"),
        link("betaRecruitmentCriterionCompatibleBuildCheck"),
    ),
    defaults={"createdDate": "30 days ago", "isInternalGroup": False, "feedbackEnabled": True},
)

RESOURCES = (BETA_GROUPS,)

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
    related("/v1/apps/{id}/betaGroups", APPS, "betaGroups", BETA_GROUPS),
    instance("/v1/betaGroups/{id}", BETA_GROUPS, limit_maxima={"builds": 1000}),
)
