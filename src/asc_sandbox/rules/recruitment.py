"""The rules of recruitment criteria: a public link lets in only devices that fulfil them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.world import Record, World
from asc_sandbox.writing import Given, store, update

_FILTERS = "deviceFamilyOsVersionFilters"


def make_criteria(call: Call, given: Given) -> Record:
    """Create the criteria of a group. Refuse them for an internal group, and for one that has criteria."""
    group = given.one("betaGroup")
    # Both refusals are guesses: an internal group has no public link, and Apple's document knows one criterion.
    if group.attributes.get("isInternalGroup"):
        raise conflict("STATE_ERROR", "Recruitment criteria cannot be applied to internal group")
    if call.world.related(group, "betaRecruitmentCriteria"):
        raise conflict("ENTITY_ERROR.RELATIONSHIP.INVALID.DUPLICATE", "The group has criteria already")
    _require_known_versions(call.world, given.attributes)
    return store(call, given, lastModifiedDate=call.context.now())


def change_criteria(call: Call, record: Record, given: Given) -> Record:
    """Change criteria. Refuse versions that Apple does not offer."""
    _require_known_versions(call.world, given.attributes)
    return call.world.change(update(call, record, given), lastModifiedDate=call.context.now())


def has_compatible_build(world: World, group: Record) -> bool:
    """Return True if the group has a build, a guess: the sandbox does not know which devices can run it."""
    return bool(world.related(group, "builds"))


def _require_known_versions(world: World, attributes: Mapping[str, Any]) -> None:
    """Raise Refusal for a family or a version that the options do not name."""
    # The options exist so that clients can offer the versions that Apple accepts; the words are a guess.
    offered = {
        (entry["deviceFamily"], version)
        for options in world.all("betaRecruitmentCriterionOptions")
        for entry in options.attributes["deviceFamilyOsVersions"]
        for version in entry["osVersions"]
    }
    for family, version in _named(attributes.get(_FILTERS) or ()):
        if (family, version) not in offered:
            raise invalid_attribute(_FILTERS, f"{version} is not a valid version of {family}")


def _named(filters: Any) -> Iterator[tuple[str, str]]:
    for entry in filters:
        for end in ("minimumOsInclusive", "maximumOsInclusive"):
            if entry.get(end):
                yield str(entry.get("deviceFamily")), str(entry[end])
