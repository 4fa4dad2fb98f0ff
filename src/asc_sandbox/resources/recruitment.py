"""The criteria for devices that join a group by its public link, and the versions that criteria may name.

https://developer.apple.com/documentation/appstoreconnectapi/betarecruitmentcriterion
"""

from __future__ import annotations

from functools import partial

from asc_sandbox.endpoints import Answer, Call, Endpoint
from asc_sandbox.kinds import date, flag, mappings
from asc_sandbox.linking import linkages
from asc_sandbox.query import Grammar, parse
from asc_sandbox.reading import listing, related
from asc_sandbox.resources.groups import BETA_GROUPS
from asc_sandbox.rules.recruitment import change_criteria, has_compatible_build, make_criteria
from asc_sandbox.schema import Resource, hidden
from asc_sandbox.writing import changing, creating, deleting, existing

CRITERIA = Resource(
    "betaRecruitmentCriteria",
    area="testflight",
    attributes={"lastModifiedDate": date, "deviceFamilyOsVersionFilters": mappings},
    relationships=(hidden("betaGroup", "betaGroups"),),
    defaults={"lastModifiedDate": "1 day ago"},
)
# The versions are made up: Apple's list grows with each release.
_PHONES = ["17.0", "17.6", "18.0", "18.5", "26.0", "26.1"]
_VERSIONS = {
    "IPHONE": _PHONES,
    "IPAD": _PHONES,
    "APPLE_TV": _PHONES,
    "VISION": ["1.0", "2.0", "26.0"],
    "MAC": ["14.0", "15.0", "26.0"],
}
OPTIONS = Resource(
    "betaRecruitmentCriterionOptions",
    area="testflight",
    attributes={"deviceFamilyOsVersions": mappings},
    built_in=(
        (
            "OPTIONS",
            {
                "deviceFamilyOsVersions": [
                    {"deviceFamily": family, "osVersions": versions} for family, versions in _VERSIONS.items()
                ]
            },
            {},
        ),
    ),
)
CHECKS = Resource(
    "betaRecruitmentCriterionCompatibleBuildChecks",
    area="testflight",
    attributes={"hasCompatibleBuild": flag},
)
RESOURCES = (CRITERIA, OPTIONS, CHECKS)

_FILTERS = ("deviceFamilyOsVersionFilters",)


def _check(grammar: Grammar, call: Call) -> Answer:
    """Answer whether the group has a build that devices of the criteria can run."""
    parse(call.query, grammar, call.world.schema)
    group = existing(call, BETA_GROUPS)
    attributes = {"hasCompatibleBuild": has_compatible_build(call.world, group)}
    address = call.base + call.path
    data = {"type": CHECKS.type, "id": group.id, "attributes": attributes, "links": {"self": address}}
    return Answer(200, {"data": data, "links": {"self": address}})


ENDPOINTS = (
    creating(
        "/v1/betaRecruitmentCriteria", CRITERIA, required=_FILTERS, owners=("betaGroup",), then=make_criteria
    ),
    changing("/v1/betaRecruitmentCriteria/{id}", CRITERIA, optional=_FILTERS, then=change_criteria),
    deleting("/v1/betaRecruitmentCriteria/{id}", CRITERIA),
    listing("/v1/betaRecruitmentCriterionOptions", OPTIONS),
    related("/v1/betaGroups/{id}/betaRecruitmentCriteria", BETA_GROUPS, "betaRecruitmentCriteria", CRITERIA),
    *linkages(BETA_GROUPS, "betaRecruitmentCriteria", CRITERIA, ("GET",)),
    Endpoint(
        "GET",
        "/v1/betaGroups/{id}/betaRecruitmentCriterionCompatibleBuildCheck",
        BETA_GROUPS.area,
        partial(_check, Grammar(CHECKS, includes=False, paged=False)),
    ),
)
