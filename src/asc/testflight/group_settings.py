"""The settings of a group: read them, plan the changes to those that are requested, and look if Apple made them.

https://developer.apple.com/documentation/appstoreconnectapi/betagroup
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from asc.api.client import Client, Query
from asc.api.document import Resource, reference, request_body
from asc.changes.change import Change, Plan
from asc.errors import Error, Findings
from asc.testflight import choosing
from asc.testflight.criteria import Criteria, described, filters_of, read_filters
from asc.testflight.groups import GROUP_FIELDS, group_body, group_of
from asc.testflight.state import Group
from asc.words import did_you_mean, listed, printable_name

_NEW = "{group}"
"""Stands for the id of the group that the plan creates."""
_SETTINGS = "publicLinkEnabled,publicLinkLimitEnabled,publicLinkLimit,publicLink,feedbackEnabled"
_ONLY_AT_CREATION = "Apple lets this be chosen only when a group is created"


@dataclass(frozen=True)
class GroupRequest:
    """The requested group. A setting that is None stays as it is; `limit` is 0 for a link without a limit.

    `kind` is needed to create a group. Empty `criteria` mean that the group has none.
    """

    name: str
    kind: Literal["external", "internal"] | None = None
    all_builds: bool | None = None
    public_link: bool | None = None
    limit: int | None = None
    feedback: bool | None = None
    criteria: Criteria | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the settings that can be changed at any time, by Apple's names."""
        # Third parties found that Apple takes a limit only together with its switch. Apple has no limit 0.
        limits = {} if self.limit is None else {"publicLinkLimitEnabled": self.limit > 0}
        settings = {
            "publicLinkEnabled": self.public_link,
            **limits,
            "publicLinkLimit": self.limit or None,
            "feedbackEnabled": self.feedback,
        }
        return {name: value for name, value in settings.items() if value is not None}


@dataclass(frozen=True)
class GroupState:
    """A group as Apple has it. `group` is None if the app has no such group."""

    group: Group | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    criteria_id: str = ""
    criteria: Criteria = field(default_factory=dict)

    @property
    def public_link(self) -> str:
        """Return the address of the public link, "" if it is off."""
        link = self.attributes.get("publicLink")
        return link if isinstance(link, str) and self.attributes.get("publicLinkEnabled") is True else ""


def read_group(client: Client, app_id: str, request: GroupRequest) -> GroupState:
    """Return the state of the group that the request names, by its name or id. Makes one request for 200 groups.

    Raises Error for a name that several groups have, and for one that no group has if the request cannot create it.
    """
    query: Query = {
        "filter[app]": app_id,
        "include": "betaRecruitmentCriteria",
        "fields[betaGroups]": f"{GROUP_FIELDS},{_SETTINGS},betaRecruitmentCriteria",
    }
    document = client.list("/v1/betaGroups", query)
    resources = {resource.id: resource for resource in document.data}
    existing = list(map(group_of, resources.values()))
    # The kind does not matter here: it only says that an unknown name is no error yet.
    chosen, _ = choosing.groups([request.name], existing, "external")
    if not chosen and not request.kind:
        names = [group.name for group in existing]
        raise Error(
            f"group: the app has no group {printable_name(request.name)} (its groups: {listed(names)})."
            f"{did_you_mean(request.name, names)}",
            "Check the spelling, or set kind: external or kind: internal to create the group.",
        )
    if not chosen:
        return GroupState()
    group = resources[chosen[0].id]
    criteria = document.one(group, "betaRecruitmentCriteria") or Resource("", "")
    filters = criteria.attributes.get("deviceFamilyOsVersionFilters")
    return GroupState(chosen[0], group.attributes, criteria.id, read_filters(filters))


def check_group(request: GroupRequest, state: GroupState) -> None:
    """Raise Error with all settings that the group cannot have."""
    findings = Findings()
    group = state.group
    if group and request.kind and group.internal != (request.kind == "internal"):
        kind = "internal" if group.internal else "external"
        findings.add(
            Error(
                f"kind: {request.kind} is requested, but {group} is {kind}. {_ONLY_AT_CREATION}.",
                f"Set kind: {kind}, or choose another name.",
            )
        )
    # Asked only for the right kind: after the wrong one another name is needed in any case.
    elif group and request.all_builds not in (None, group.all_builds):
        findings.add(
            Error(
                f"access-to-all-builds: {group} has {str(group.all_builds).lower()}. {_ONLY_AT_CREATION}.",
                "Omit the input, or choose another name and move the testers.",
            )
        )
    internal = group.internal if group else request.kind == "internal"
    if internal and (request.public_link or request.limit or request.criteria):
        findings.add(
            Error(
                f"An internal group has no public link, so {printable_name(request.name)} takes no public-link, "
                "public-link-limit and criteria.",
                "Omit these inputs, or use an external group.",
            )
        )
    if not internal and request.all_builds:
        findings.add(
            Error(
                "access-to-all-builds: only an internal group can get every build automatically.",
                "Omit the input, or use an internal group.",
            )
        )
    findings.raise_all()


def plan_group(app_id: str, request: GroupRequest, state: GroupState) -> Plan:
    """Return the changes after which the group is as requested."""
    creation = [] if state.group else [_creation(app_id, request)]
    # A phase of its own: criteria need the id of a new group.
    return Plan(tuple(filter(None, (tuple(creation), tuple(_changes(request, state))))))


def has_compatible_build(client: Client, group: Group) -> bool:
    """Return False if Apple says that no build of the group can be installed on devices of its criteria."""
    path = f"/v1/betaGroups/{group.id}/betaRecruitmentCriterionCompatibleBuildCheck"
    # An answer without the attribute says nothing, and a warning needs Apple's word.
    return client.get(path).resource.attributes.get("hasCompatibleBuild") is not False


def _creation(app_id: str, request: GroupRequest) -> Change:
    internal = request.kind == "internal"
    attributes = {"isInternalGroup": internal, **_possible(request, internal)}
    # Said also if it is false, because Apple documents no default, and it cannot be changed later.
    if internal:
        attributes["hasAccessToAllBuilds"] = bool(request.all_builds)
    return Change(
        "group",
        f"create {Group('', request.name, internal)}{_in_words(_possible(request, internal))}",
        "POST",
        "/v1/betaGroups",
        group_body(app_id, request.name, attributes),
        makes=_NEW,
    )


def _changes(request: GroupRequest, state: GroupState) -> Iterator[Change]:
    group = state.group
    if group:
        different = {
            name: value
            for name, value in _possible(request, group.internal).items()
            # Apple leaves out a switch that was never on.
            if state.attributes.get(name) != value and not (value is False and not state.attributes.get(name))
        }
        if different:
            body = request_body("betaGroups", different, group.id)
            summary = f"change {group}{_in_words(different)}"
            yield Change("settings", summary, "PATCH", f"/v1/betaGroups/{group.id}", body)
    if request.criteria is not None and dict(request.criteria) != dict(state.criteria):
        yield _criteria(request.criteria, state, group.id if group else _NEW)


def _criteria(criteria: Criteria, state: GroupState, group_id: str) -> Change:
    path = f"/v1/betaRecruitmentCriteria/{state.criteria_id}"
    attributes = {"deviceFamilyOsVersionFilters": filters_of(criteria)}
    if not criteria:
        return Change("criteria", "remove the recruitment criteria", "DELETE", path)
    summary = f"set the recruitment criteria: {described(criteria)}"
    if state.criteria_id:
        body = request_body("betaRecruitmentCriteria", attributes, state.criteria_id)
        return Change("criteria", summary, "PATCH", path, body)
    links = {"betaGroup": reference("betaGroups", group_id)}
    body = request_body("betaRecruitmentCriteria", attributes, relationships=links)
    return Change("criteria", summary, "POST", "/v1/betaRecruitmentCriteria", body)


def _possible(request: GroupRequest, internal: bool) -> dict[str, Any]:
    # Apple refuses the attributes of a public link for an internal group, even if they say that there is none.
    return (replace(request, public_link=None, limit=None) if internal else request).attributes()


def _in_words(attributes: Mapping[str, Any]) -> str:
    words = {
        "publicLinkEnabled": {True: "public link on", False: "public link off"},
        "publicLinkLimitEnabled": {True: "", False: "no limit"},
        "feedbackEnabled": {True: "feedback on", False: "feedback off"},
    }
    parts = [
        f"limit {value}" if name == "publicLinkLimit" else words[name][value]
        for name, value in attributes.items()
    ]
    return f": {', '.join(filter(None, parts))}" if any(parts) else ""
