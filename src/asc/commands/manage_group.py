"""manage-group: create a TestFlight group, or change its public link, feedback and recruitment criteria."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.polling import look_until
from asc.changes.apply import apply, log_plan
from asc.changes.change import Plan
from asc.changes.rules import Rules
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, flag, given, output
from asc.commands.naming import AppInputs
from asc.errors import Error, Problem
from asc.job import summary
from asc.testflight.criteria import Range, check_versions, described, parse_criteria
from asc.testflight.group_settings import (
    GroupRequest,
    GroupState,
    check_group,
    has_compatible_build,
    plan_group,
    read_group,
)
from asc.words import printable_name

log = logging.getLogger(__name__)

GROUP, LINK, RUN = "Group", "Public link", "Run"
_NONE = "none"
_JOIN = re.compile(r"https://testflight\.apple\.com/join/[A-Za-z0-9]+")


def _limit(text: str) -> int:
    # 0 stands for no limit, because None means that the group keeps its limit.
    return 0 if text.lower() == _NONE else int(kinds.whole_number(1, 10_000).parse(text))


def _criteria(text: str) -> dict[str, Range]:
    return {} if text.strip().lower() == _NONE else parse_criteria(kinds.MAPPING.parse(text))


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The app, the group, and its settings. A setting that is not given stays as it is."""

    group: str = given(
        kinds.TEXT, "Name or id of the group.", group=GROUP, required=True, examples=("Beta testers",)
    )
    kind: str | None = given(
        kinds.choice(("external", "internal")),
        "If the app lacks the group, create it as this kind. An existing group of the other kind is an error, because "
        "Apple cannot change it.",
        group=GROUP,
        examples=("external",),
    )
    access_to_all_builds: bool | None = given(
        kinds.BOOLEAN,
        "An internal group gets every build automatically. This can be chosen only when the group is "
        "created; an existing group that differs is an error.",
        group=GROUP,
    )
    feedback: bool | None = given(kinds.BOOLEAN, "Let testers send feedback.", group=GROUP)
    public_link: bool | None = given(kinds.BOOLEAN, "Turn the public link on or off.", group=LINK)
    public_link_limit: int | None = given(
        kinds.Kind("integer", "1 to 10000, or none", _limit),
        "How many testers can join by the link. `none` removes the limit.",
        group=LINK,
    )
    criteria: dict[str, Range] | None = given(  # noqa: RUF009 (a field, as all others)
        kinds.Kind("mapping", "YAML, family: versions; or none", _criteria),
        "The devices that can join by the link: `iphone`, `ipad`, `apple-tv`, `apple-watch`, `mac` or `vision` with "
        "`18.0+`, `17.0 - 18.5`, `<= 26.1` or `any`. `none` removes the criteria.",
        group=LINK,
        examples=("{iphone: 18.0+, ipad: 18.0+}",),
    )
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=RUN, default="false")

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        yield from super().problems()
        linked = {
            "public-link": self.public_link,
            "public-link-limit": self.public_link_limit,
            "criteria": self.criteria,
        }
        for name, value in linked.items():
            # `false` and `none` ask for nothing that an internal group lacks.
            if value and self.kind == "internal":
                reason = "is given, but an internal group has no public link"
                yield Problem(name, reason, f"Omit {name}, or kind.")
        if self.access_to_all_builds and self.kind == "external":
            reason = "is given, but an external group gets the builds that it is given"
            yield Problem("access-to-all-builds", reason, "Omit it, or set kind: internal.")

    def request(self) -> GroupRequest:
        """Return the requested group. A setting that is not given is None in it."""
        return GroupRequest(
            name=self.group,
            kind="internal" if self.kind == "internal" else "external" if self.kind else None,
            all_builds=self.access_to_all_builds,
            public_link=self.public_link,
            limit=self.public_link_limit,
            feedback=self.feedback,
            criteria=self.criteria,
        )


@dataclass(frozen=True)
class Outputs:
    """The outputs of manage-group for later steps."""

    group_id: str = output("Apple's id of the group.")
    public_link: str = output("The address of the public link, empty if the link is off.")
    created: str = output("`true` if the step created the group; with a dry run, if it would.")
    changed: str = output("`true` if anything was changed at Apple; with a dry run, if anything would be.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the group, print or make the changes, and read it again."""
    client = context.connect(inputs)
    app = inputs.app(client)
    request = inputs.request()
    state = read_group(client, app.id, request)
    check_group(request, state)
    plan = plan_group(app.id, request, state)
    # The comparison with Apple's list of versions costs a request, so it is made only for criteria to write.
    if request.criteria and any(change.kind == "criteria" for change in plan.changes):
        check_versions(client, request.criteria)
    is_new = state.group is None
    if inputs.dry_run or not plan.changes:
        log_plan(plan, "Nothing to do: the group is as requested")
    else:
        state = _make(client, app.id, request, plan)
    _tell(client, request, state)
    context.summary.append(_summary(inputs, state, plan))
    return Outputs(
        group_id=state.group.id if state.group else "",
        public_link=state.public_link,
        created=flag(is_new),
        changed=flag(bool(plan.changes)),
    )


def _make(client: Client, app_id: str, request: GroupRequest, plan: Plan) -> GroupState:
    """Make the changes and return the group as it is then. Raises Error if Apple did not make what it accepted."""
    plans = iter([plan])

    def replan() -> Plan:
        # After a lost answer, or if another job was quicker, the group is read again.
        return next(plans, None) or plan_group(app_id, request, read_group(client, app_id, request))

    apply(client, replan, Rules())
    state = look_until(
        client,
        lambda: read_group(client, app_id, request),
        lambda now: not plan_group(app_id, request, now).changes,
    )
    # Another job may have created the group meanwhile, as one of the other kind.
    check_group(request, state)
    if differing := plan_group(app_id, request, state).changes:
        raise Error(
            f"Apple accepted the changes, but did not make this one: {differing[0].summary}.",
            "Run the step again; if it fails again, make the change in App Store Connect (TestFlight, the group).",
        )
    return state


def _tell(client: Client, request: GroupRequest, state: GroupState) -> None:
    if state.public_link:
        log.info("Public link: %s", state.public_link)
    if request.criteria and state.group and not has_compatible_build(client, state.group):
        log.warning(
            "The group has no build that devices of its criteria can run, so nobody can join by the link yet."
        )


def _summary(inputs: Inputs, state: GroupState, plan: Plan) -> str:
    text = summary.heading(f"Group {printable_name(inputs.group)}")
    if plan.changes:
        title = "Planned, nothing was written:" if inputs.dry_run else "Changes:"
        lines = "".join(f"- {summary.escape(change.summary)}\n" for change in plan.changes)
        text += summary.paragraph(title) + lines + "\n"
    if state.group:
        text += summary.paragraph(f"Public link: {_shown_link(state.public_link)}")
        text += summary.paragraph(f"Criteria: {summary.escape(described(state.criteria))}")
    return text


def _shown_link(link: str) -> str:
    # The summary breaks foreign addresses, and this one is there to be copied.
    return link if _JOIN.fullmatch(link) else summary.escape(link) or "off"


COMMAND = Command(
    name="manage-group",
    summary="Create a TestFlight group, or change its public link, feedback and criteria.",
    description=(
        "Creates a group of testers, or changes the settings that differ: public link, its limit, "
        "feedback, and the devices that can join by the link. A second run writes nothing. If an existing"
        " group differs in a setting that can be chosen only when a group is created, the step fails."
    ),
    role="App Manager or Admin",
    icon="users",
    example="""\
- uses: OWNER/REPO/actions/manage-group@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    group: Beta testers
    kind: external
    public-link: true
    public-link-limit: 500
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
