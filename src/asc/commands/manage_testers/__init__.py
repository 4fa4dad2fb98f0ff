"""manage-testers: add, remove, list, prune and invite the TestFlight testers of an app."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asc import words
from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.apps.app import App
from asc.commands.context import Context
from asc.commands.declaration import Command, flag, output
from asc.commands.manage_testers.inputs import Inputs, listed_testers
from asc.errors import Error
from asc.job import summary
from asc.private_files import write_private
from asc.testflight import choosing
from asc.testflight.state import Group
from asc.testflight.testers.files import ListedTester, write_csv
from asc.testflight.testers.planning import (
    TesterPlan,
    plan_addition,
    plan_invitations,
    plan_pruning,
    plan_removal,
)
from asc.testflight.testers.roster import LARGEST, masked, read_groups, read_testers
from asc.testflight.testers.usage import PERIODS, read_usages
from asc.testflight.testers.writing import RefusedTesters, TesterWrite, send_all

log = logging.getLogger(__name__)

MOST_LOGGED = 50
"""Lines of a plan in the log; the rest is counted."""


@dataclass(frozen=True)
class Outputs:
    """Counts of testers, and the files and lists for later steps."""

    added: str = output("How many testers of the app were put into a group.")
    invited: str = output("How many new testers were invited, or were sent their invitation again.")
    existing: str = output("How many of the listed testers were there already.")
    removed: str = output("How many testers were removed; with a dry run, how many would be.")
    refused: str = output("How many testers Apple refused.")
    refused_list: str = output(
        "Those, as JSON: a list of address and reason. Addresses are masked without `show-emails`."
    )
    file: str = output("The file that `export` wrote.")
    changed: str = output("`true` if anything was changed at Apple; with a dry run, if anything would be.")
    slots_left: str = output("How many more external testers the app can have (`export` and `prune`).")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the testers that the mode needs, print the plan, and carry it out."""
    listed = listed_testers(inputs)
    client = context.connect(inputs)
    app = inputs.app(client)
    if inputs.mode == "export":
        return _export(inputs, context, client, app)
    plan, left = _plan(inputs, client, app, listed)
    _tell(plan)
    if plan.removed > inputs.limit:
        raise Error(
            f"{words.counted(plan.removed, 'tester')} would be removed, but limit is {inputs.limit}. Nobody was.",
            "Check the list and the groups; if it is right, raise limit.",
        )
    made: Sequence[TesterWrite] = ()
    refused: Sequence[RefusedTesters] = ()
    if plan.writes and inputs.only_plans:
        log.info("Nothing was written, because this is a dry run (dry-run: false carries the plan out).")
    elif plan.writes:
        made, refused = send_all(client, plan.writes)
    outputs = _outputs(inputs, plan, made, refused, left)
    context.outputs = outputs
    context.summary.append(_summary(inputs, plan, outputs, refused))
    _judge(inputs, refused)
    return outputs


def _plan(inputs: Inputs, client: Client, app: App, listed: Sequence[ListedTester]) -> tuple[TesterPlan, str]:
    """Return the plan of a mode, and the number of places left, "" if the mode does not learn it."""
    if inputs.mode == "invite":
        return plan_invitations(client, app.id, listed), ""
    groups = read_groups(client, app.id)
    if inputs.mode == "add":
        wanted = _by_group(inputs, client, app, listed, groups)
        return plan_addition(client, app.id, wanted, exact=inputs.exact), ""
    chosen, _ = choosing.groups(inputs.groups or (), groups, None)
    if inputs.mode == "remove":
        return plan_removal(client, app.id, listed, None if inputs.remove_from == "app" else chosen), ""
    if internal := [group for group in chosen if group.internal]:
        raise Error(
            f"groups: {internal[0]} has users of the team, who are never pruned.",
            "Name external groups, or none.",
        )
    testers = read_testers(client, app.id)
    usages = read_usages(client, app.id, PERIODS[inputs.inactive_for])
    plan = plan_pruning(
        app.id,
        testers,
        usages,
        {group.id: group for group in groups},
        chosen,
        inputs.keep or (),
        from_app=inputs.remove_from == "app",
    )
    return plan, str(max(0, LARGEST - len(testers)))


def _by_group(
    inputs: Inputs, client: Client, app: App, listed: Sequence[ListedTester], existing: Sequence[Group]
) -> Mapping[Group, Sequence[ListedTester]]:
    """Return the testers of each group. Make groups that the app lacks, if the inputs ask for it."""
    names = list(
        dict.fromkeys([*(inputs.groups or ()), *(name for tester in listed for name in tester.groups)])
    )
    _, new = choosing.groups(names, existing, "external" if inputs.create_groups else None)
    made = [] if inputs.only_plans else [_make_group(client, app, name) for name in new]
    if new and inputs.only_plans:
        log.info("Plan: make the external groups %s", ", ".join(map(words.printable_name, new)))
    everyone = [*existing, *made]
    wanted: dict[Group, list[ListedTester]] = {}
    for tester in listed:
        own = [name for name in (*(inputs.groups or ()), *tester.groups) if made or name not in new]
        for group in choosing.groups(own, everyone, None)[0]:
            wanted.setdefault(group, []).append(tester)
    if inputs.exact:
        for group in choosing.groups(inputs.groups or (), everyone, None)[0]:
            wanted.setdefault(group, [])
    return wanted


def _make_group(client: Client, app: App, name: str) -> Group:
    body = request_body("betaGroups", {"name": name}, relationships={"app": reference("apps", app.id)})
    made = client.create("/v1/betaGroups", body).resource
    log.info("Done: make the external group %s", words.printable_name(name))
    return Group(made.id, name)


def _export(inputs: Inputs, context: Context, client: Client, app: App) -> Outputs:
    """Write all testers of the app, or those of `groups`, into a file that only its owner can read."""
    groups = {group.id: group for group in read_groups(client, app.id)}
    chosen, _ = choosing.groups(inputs.groups or (), list(groups.values()), None)
    wanted = {group.id for group in chosen}
    testers = read_testers(client, app.id)
    usages = read_usages(client, app.id, "P90D")
    rows = [
        (
            tester.first_name,
            tester.last_name,
            tester.email,
            ";".join(
                sorted(groups[identifier].name for identifier in tester.group_ids if identifier in groups)
            ),
            tester.state,
            usages[tester.id].sessions if tester.id in usages else 0,
            usages[tester.id].crashes if tester.id in usages else 0,
        )
        for tester in testers
        if not wanted or wanted & set(tester.group_ids)
    ]
    header = ("First", "Last", "Email", "Groups", "State", "Sessions", "Crashes")
    path = Path(inputs.file).absolute()
    write_private(path, write_csv(header, sorted(rows)).encode())
    log.info("Wrote %s into %s", words.counted(len(rows), "tester"), path)
    outputs = Outputs(file=str(path), changed=flag(False), slots_left=str(max(0, LARGEST - len(testers))))
    context.summary.append(summary.heading("Testers") + summary.paragraph(f"{len(rows)} testers exported."))
    return outputs


def _tell(plan: TesterPlan) -> None:
    for write in plan.writes[:MOST_LOGGED]:
        log.info("Plan: %s", write.summary)
    if len(plan.writes) > MOST_LOGGED:
        log.info("Plan: %s more", words.counted(len(plan.writes) - MOST_LOGGED, "request"))
    if not plan.writes:
        log.info("Nothing to do: %s", f"{words.counted(plan.existing, 'tester')} stay as they are")


def _outputs(
    inputs: Inputs,
    plan: TesterPlan,
    made: Sequence[TesterWrite],
    refused: Sequence[RefusedTesters],
    left: str,
) -> Outputs:
    def people(*kinds: str) -> str:
        return str(
            len(
                {email.casefold() for write in made if write.kind in kinds for email in write.emails if email}
            )
        )

    addresses = [(email, one.reason) for one in refused for email in one.emails]
    shown = [
        {"email": email if inputs.show_emails else masked(email), "reason": reason}
        for email, reason in addresses
    ]
    return Outputs(
        added=people("add"),
        invited=people("create", "invite"),
        existing=str(plan.existing),
        removed=str(plan.removed) if inputs.only_plans else str(_removed(plan, made)),
        refused=str(len(addresses)),
        refused_list=json.dumps(shown, ensure_ascii=False),
        changed=flag(bool(made or (inputs.only_plans and plan.writes))),
        slots_left=left,
    )


def _removed(plan: TesterPlan, made: Iterable[TesterWrite]) -> int:
    """Count the people of the removals that were made; testers of a public link have no address, so by request."""
    planned = [write for write in plan.writes if write.kind == "remove"]
    done = [write for write in made if write.kind == "remove"]
    return plan.removed if len(done) == len(planned) else sum(len(write.emails) for write in done)


def _judge(inputs: Inputs, refused: Sequence[RefusedTesters]) -> None:
    if not refused:
        return
    told = "; ".join(
        f"{words.some([masked(email) for email in one.emails], 5)}: {one.reason}" for one in refused[:5]
    )
    message = f"Apple refused {words.counted(sum(len(one.emails) for one in refused), 'tester')}. {told}"
    if inputs.on_refused == "warn":
        log.warning("%s", message)
        return
    raise Error(
        message, "Take them out of the list, or set on-refused: warn. The others were added or removed."
    )


def _summary(inputs: Inputs, plan: TesterPlan, outputs: Outputs, refused: Sequence[RefusedTesters]) -> str:
    text = summary.heading(f"Testers: {inputs.mode}")
    if inputs.only_plans and plan.writes:
        text += summary.paragraph("Planned, nothing was written:")
        return (
            text
            + "".join(f"- {summary.escape(write.summary)}\n" for write in plan.writes[:MOST_LOGGED])
            + "\n"
        )
    rows = [(name, getattr(outputs, name)) for name in ("added", "invited", "existing", "removed", "refused")]
    text += summary.table(("What", "Testers"), [(name, count) for name, count in rows if count != "0"])
    return text + "".join(f"- {summary.escape(one.reason)}\n" for one in refused[:10]) + "\n"


COMMAND = Command(
    name="manage-testers",
    summary="Add, remove, list, prune and invite TestFlight testers.",
    description=(
        "Manages the testers of an app with an API key: a list or a CSV file is the truth for groups, people who do "
        "not use the app are removed, everybody is exported. It reads first, so a tester who is there already is no "
        "error. It removes nobody unseen: `prune` and `exact` print a plan until `dry-run: false`."
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
