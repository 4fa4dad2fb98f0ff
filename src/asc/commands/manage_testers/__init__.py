"""manage-testers: add, remove, list, prune and invite the TestFlight testers of an app."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from asc import words
from asc.api.client import Client
from asc.apps.app import App
from asc.commands.context import Context
from asc.commands.declaration import Command, flag, output
from asc.commands.manage_testers.exporting import export
from asc.commands.manage_testers.inputs import Inputs, listed_testers
from asc.errors import Error, Findings
from asc.job import summary
from asc.testflight import choosing
from asc.testflight.groups import create_external, read_groups
from asc.testflight.state import Group
from asc.testflight.testers.confirming import confirm_groups, confirm_writes, not_made
from asc.testflight.testers.planning import (
    TesterPlan,
    Wanted,
    check_kept,
    plan_addition,
    plan_invitations,
    plan_pruning,
    plan_removal,
    read_roster,
)
from asc.testflight.testers.roster import places_left, read_testers
from asc.testflight.testers.tester import Tester, masked
from asc.testflight.testers.usage import PERIODS, read_usages
from asc.testflight.testers.writing import RefusedTesters, Sent, TesterWrite, send_all

log = logging.getLogger(__name__)

MOST_LOGGED = 50
"""Lines of a plan in the log; the rest is counted."""


@dataclass(frozen=True)
class Outputs:
    """Counts of testers, and the files and lists for later steps. The counts of a dry run are those of its plan."""

    added: str = output("How many testers of the app were added to a group.")
    invited: str = output("How many new testers were invited, or got their invitation again.")
    existing: str = output("How many of the listed testers already existed.")
    removed: str = output(
        "How many testers were removed. After a dry run, this and the other counts say what would happen."
    )
    refused: str = output("How many testers Apple refused.")
    refused_list: str = output(
        "The refused testers as JSON: a list of `email` and `reason`. Addresses are masked unless "
        "`show-emails` is `true`."
    )
    file: str = output("The file that `export` wrote.")
    changed: str = output("`true` if anything was changed at Apple; with a dry run, if anything would be.")
    slots_left: str = output("How many more external testers the app can have (`export` and `prune`).")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the testers that the mode needs, print the plan, and carry it out."""
    # Before the client, so that a list with wrong lines ends the step without a request.
    listed = listed_testers(inputs)
    client = context.connect(inputs)
    app = inputs.app(client)
    # An invitation is about the app, so this mode needs no request for the groups.
    if inputs.mode == "invite":
        return _carry_out(inputs, context, client, app.id, plan_invitations(client, app.id, listed))
    groups = read_groups(client, app.id)
    if inputs.mode == "export":
        file, left = export(inputs, context, client, app.id, groups)
        return Outputs(file=file, changed=flag(False), slots_left=left)
    if inputs.mode == "add":
        return _add(inputs, context, client, app, groups, _by_group(inputs, listed, groups))
    chosen, _ = choosing.groups(inputs.groups or (), groups, None)
    if inputs.mode == "prune":
        plan, left = _pruning(inputs, client, app, groups, chosen)
        return _carry_out(inputs, context, client, app.id, plan, left)
    places = None if inputs.remove_from == "app" else chosen
    plan = plan_removal(client, app.id, listed, places)
    leaving = {person for write in plan.writes for person in write.people}
    show = str if inputs.show_emails else masked
    if absent := [show(tester.email) for tester in listed if tester.address not in leaving]:
        log.info("Not there, so nobody to remove: %s", words.some(absent))
    return _carry_out(inputs, context, client, app.id, plan)


def _by_group(inputs: Inputs, listed: Sequence[Tester], existing: Sequence[Group]) -> Wanted:
    """Return the testers of each group. Groups to create have no id."""
    everyone = inputs.groups or ()
    names = dict.fromkeys([*everyone, *(name for tester in listed for name in tester.groups)])
    _, new_names = choosing.groups(list(names), existing, "external" if inputs.create_groups else None)
    groups = [*existing, *(Group("", name) for name in new_names)]
    # A list can have thousands of testers and a few groups: each name is looked up once.
    by_name = {name: choosing.groups([name], groups, None)[0][0] for name in names}
    by_group: dict[Group, dict[str, Tester]] = {by_name[name]: {} for name in everyone}
    for tester in listed:
        for name in (*everyone, *tester.groups):
            by_group.setdefault(by_name[name], {})[tester.address] = tester
    return {group: list(testers.values()) for group, testers in by_group.items()}


def _add(
    inputs: Inputs, context: Context, client: Client, app: App, groups: Sequence[Group], by_group: Wanted
) -> Outputs:
    # A group that only the list names keeps its other members: the list is not the truth for it.
    exact = choosing.groups(inputs.groups or (), groups, "external")[0] if inputs.exact else ()
    roster = read_roster(client, app.id, by_group)
    plan = plan_addition(app.id, by_group, roster, exact)
    if inputs.only_plans or not plan.new_groups:
        return _carry_out(inputs, context, client, app.id, plan)
    _announce(inputs, plan)
    # All checks are done, so that a list with an error leaves no empty groups behind.
    created = {group: create_external(client, app.id, group.name) for group in plan.new_groups}
    confirm_groups(client, app.id, created.values())
    # The plan is computed again, because the new groups have ids now.
    by_group = {created.get(group, group): testers for group, testers in by_group.items()}
    return _send(inputs, context, client, app.id, plan_addition(app.id, by_group, roster, exact))


def _pruning(
    inputs: Inputs, client: Client, app: App, groups: Sequence[Group], chosen: Sequence[Group]
) -> tuple[TesterPlan, str]:
    """Return the plan, and the number of places left for external testers."""
    if internal := [group for group in chosen if group.internal]:
        raise Error(
            f"groups: {internal[0]} has users of the team, who are never pruned.",
            "Name external groups, or omit groups to prune all external ones.",
        )
    keep = inputs.keep or ()
    check_kept(keep, groups)
    by_id = {group.id: group for group in groups}
    usages = read_usages(client, app.id, PERIODS[inputs.inactive_for])
    testers = list(read_testers(client, app.id))
    # A mistyped address protects nobody, and the step may remove the person.
    there = {tester.address for tester in testers}
    if unknown := [masked(name) for name in keep if "@" in name and name.casefold() not in there]:
        log.warning("keep: the app has no tester %s. Check the spelling.", words.listed(unknown))
    from_app = inputs.remove_from == "app"
    plan = plan_pruning(app.id, testers, usages, by_id, chosen, keep, from_app=from_app)
    return plan, str(places_left(testers, by_id))


def _announce(inputs: Inputs, plan: TesterPlan) -> None:
    """Print the plan. Raises Error if it removes more people than the limit."""
    for group in plan.new_groups:
        log.info("Plan: create %s", group)
    for write in plan.writes[:MOST_LOGGED]:
        log.info("Plan: %s", write.summary)
    if len(plan.writes) > MOST_LOGGED:
        log.info("Plan: %s more", words.counted(len(plan.writes) - MOST_LOGGED, "request"))
    if not plan.writes:
        log.info("Nothing to do: %s stay as they are", words.counted(plan.existing, "tester"))
    # The limit is for the whole plan, so that a wrong list removes nobody, rather than the first thousand.
    if plan.removed > inputs.limit:
        raise Error(
            f"{words.counted(plan.removed, 'tester')} would be removed, but limit is {inputs.limit}. "
            "Nobody was removed.",
            "Check the list and the groups; if they are right, raise limit.",
        )


def _carry_out(
    inputs: Inputs, context: Context, client: Client, app_id: str, plan: TesterPlan, left: str = ""
) -> Outputs:
    """Print the plan and send it, unless it is a dry run. Raises Error for all that was refused or not made."""
    _announce(inputs, plan)
    return _send(inputs, context, client, app_id, plan, left)


def _send(
    inputs: Inputs, context: Context, client: Client, app_id: str, plan: TesterPlan, left: str = ""
) -> Outputs:
    sent = Sent()
    missing: tuple[TesterWrite, ...] = ()
    try:
        if plan.writes and inputs.only_plans:
            log.info(
                "Nothing was written, because this is a dry run. Set dry-run: false to carry out the plan."
            )
        elif plan.writes:
            sent = send_all(client, plan.writes)
            # Without a connection the comparison would only add an error of its own.
            if not sent.unreachable:
                made, missing = confirm_writes(client, app_id, sent.made)
                sent = replace(sent, made=made)
    finally:
        # The outputs of a run that fails say what it has done all the same.
        outputs = _outputs(inputs, plan, sent, left)
        context.outputs = outputs
        context.summary.append(_summary(inputs, plan, outputs, sent.refused))
    if sent.unreachable:
        raise sent.unreachable
    findings = Findings()
    if missing:
        findings.add(not_made(missing))
    findings.result_of(lambda: _judge(inputs, sent.refused), None)
    findings.raise_all()
    return outputs


def _outputs(inputs: Inputs, plan: TesterPlan, sent: Sent, left: str) -> Outputs:
    counted = plan.writes if inputs.only_plans else sent.made

    def people(*kinds: str) -> str:
        # A person who is added to two groups counts once.
        return str(len({person for write in counted if write.kind in kinds for person in write.people}))

    refused_people = [
        {"email": email if inputs.show_emails else masked(email), "reason": refusal.reason}
        for refusal in sent.refused
        for email in refusal.emails
    ]
    return Outputs(
        added=people("add"),
        invited=people("create", "invite"),
        existing=str(plan.existing),
        removed=people("remove"),
        refused=str(len(refused_people)),
        refused_list=json.dumps(refused_people, ensure_ascii=False),
        changed=flag(any(write.people for write in counted)),
        slots_left=left,
    )


def _judge(inputs: Inputs, refused: Sequence[RefusedTesters]) -> None:
    if not refused:
        return
    reasons = "; ".join(
        f"{words.some([masked(email) for email in refusal.emails], 5)}: {refusal.reason}"
        for refusal in refused[:5]
    )
    message = (
        f"Apple refused {words.counted(sum(len(refusal.emails) for refusal in refused), 'tester')}. {reasons}"
    )
    # Apple sends no invitation before there is a build to test: the next run sends it.
    if inputs.on_refused == "warn" or inputs.mode == "invite":
        log.warning("%s", message)
        return
    raise Error(
        message, "Remove them from the list, or set on-refused: warn. The others were added or removed."
    )


def _summary(inputs: Inputs, plan: TesterPlan, outputs: Outputs, refused: Sequence[RefusedTesters]) -> str:
    text = summary.heading(f"Testers: {inputs.mode}")
    if inputs.only_plans and plan.writes:
        planned = [f"create {group}" for group in plan.new_groups] + [write.summary for write in plan.writes]
        lines = "".join(f"- {summary.escape(line)}\n" for line in planned[:MOST_LOGGED])
        return text + summary.paragraph("Planned, nothing was written:") + lines + "\n"
    rows = [(name, getattr(outputs, name)) for name in ("added", "invited", "existing", "removed", "refused")]
    text += summary.table(("What", "Testers"), [(name, count) for name, count in rows if count != "0"])
    reasons = "".join(f"- {summary.escape(refusal.reason)}\n" for refusal in refused[:10])
    return text + (reasons + "\n" if reasons else "")


COMMAND = Command(
    name="manage-testers",
    summary="Add, remove, list, prune and invite TestFlight testers.",
    description=(
        "Manages the testers of an app with an API key: adds and removes testers, makes groups equal to a"
        " list or a CSV file, removes people who do not use the app, and exports all testers. The step "
        "skips testers who are already there. `prune` and `exact` only print a plan until you set "
        "`dry-run: false`."
    ),
    role="App Manager or Admin",
    icon="users",
    example="""\
- uses: OWNER/REPO/actions/manage-testers@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    groups: Beta testers
    testers: |
      Ada Example <ada@example.com>
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
