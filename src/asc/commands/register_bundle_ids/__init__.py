"""register-bundle-ids: register bundle ids, enable their capabilities, check associations that a person makes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from asc import words
from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.apps.app import visible_apps
from asc.commands.context import Context
from asc.commands.declaration import Command, flag, output
from asc.commands.register_bundle_ids.inputs import Inputs, Request, requests_of, unknown_types
from asc.errors import Error, Findings
from asc.formats.mobileprovision import Profile
from asc.job import summary
from asc.provisioning.bundle_id_plan import (
    BundleIdChanges,
    BundleIdRequest,
    apply_bundle_ids,
    plan_bundle_ids,
)
from asc.provisioning.bundle_ids import RegisteredBundleId, invalid_profiles, read_bundle_ids
from asc.provisioning.profile_check import active_profiles, by_hand, compare, errors_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outputs:
    """The bundle ids with Apple's ids of them, the changes, and the work left for a person."""

    bundle_id_ids: str = output("Apple's id of each bundle id, as JSON: bundle id → id.")
    created: str = output("The bundle ids that were registered, as a JSON list.")
    enabled: str = output("The capabilities that were enabled, as JSON: bundle id → types.")
    disabled: str = output("The capabilities that were turned off, as JSON: bundle id → types.")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")
    missing_by_hand: str = output(
        "App groups, containers and merchant ids that a profile lacks, as JSON: bundle id → kind → values."
    )
    app_id: str = output("Apple's id of the app of the first bundle id, with `require-app`.")
    invalidated_profiles: str = output("The names of profiles that the changes made invalid, as a JSON list.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the bundle ids, print the plan, write it, read it back, and run the checks that are asked for."""
    requests = requests_of(inputs)
    _warn_of_unknown(requests)
    client = context.connect(inputs)
    bundle_ids = [request.bundle_id for request in requests]
    there = read_bundle_ids(client, [bundle_id.identifier for bundle_id in bundle_ids])
    plan = plan_bundle_ids(bundle_ids, there)
    lines = [line for changes in plan for line in changes.lines()]
    for line in lines:
        log.info("Plan: %s", line)
    if not lines:
        log.info("Nothing to do: the bundle ids and their capabilities are there")
    context.summary.append(_summary(lines, inputs.dry_run))
    if inputs.dry_run:
        log.info("Nothing was written, because dry-run is true.")
        # Empty JSON, so that `fromJSON` in a workflow can read it.
        outputs = Outputs(
            bundle_id_ids=_ids(there),
            created="[]",
            enabled="{}",
            disabled="{}",
            changed=flag(bool(lines)),
            missing_by_hand="{}",
            invalidated_profiles="[]",
        )
        context.outputs = outputs
        return outputs
    changed, findings = apply_bundle_ids(client, plan)
    now = {**there, **changed}
    outputs = _outputs(plan, there, now)
    # From here on the outputs of a run that fails say what it has done.
    context.outputs = outputs
    touched = [changes.registered.id for changes in plan if changes.registered]
    none: list[str] = []
    invalid = findings.result_of(lambda: invalid_profiles(client, touched), none)
    if invalid:
        log.warning("These profiles are invalid now: %s. Make them anew (sync-signing).", ", ".join(invalid))
    outputs = replace(outputs, invalidated_profiles=json.dumps(invalid, ensure_ascii=False))
    return _check(inputs, context, client, requests, now, outputs, findings)


def _check(
    inputs: Inputs,
    context: Context,
    client: Client,
    requests: Sequence[Request],
    registered: Mapping[str, RegisteredBundleId],
    outputs: Outputs,
    findings: Findings,
) -> Outputs:
    """Run the checks, add their findings to the outputs, and raise all of them together."""
    app_ids: list[str] = []
    lacking: dict[str, dict[str, list[str]]] = {}
    if inputs.require_app:
        bundle_ids = [request.bundle_id for request in requests]
        app_ids = findings.result_of(lambda: _app_ids(client, bundle_ids, findings), app_ids)
    if inputs.verify_profiles:
        lacking = _verify(client, requests, registered, findings)
    outputs = replace(
        outputs,
        app_id=app_ids[0] if app_ids else "",
        missing_by_hand=json.dumps(lacking, ensure_ascii=False),
    )
    context.outputs = outputs
    findings.raise_all()
    return outputs


def _warn_of_unknown(requests: Sequence[Request]) -> None:
    for request in requests:
        if request.unknown:
            log.warning(
                "No known capability stands for these entitlements of %s: %s.",
                request.bundle_id.identifier,
                ", ".join(request.unknown),
            )
    for kind in unknown_types(list(requests)):
        log.warning("%s is not in Apple's document of the API: trying it, Apple decides.", kind)


def _app_ids(client: Client, bundle_ids: Sequence[BundleIdRequest], findings: Findings) -> list[str]:
    """Return Apple's id of the app of each explicit bundle id, "" for one without an app."""
    apps = {app.bundle_id: app.id for app in visible_apps(client)}
    identifiers = [bundle_id.identifier for bundle_id in bundle_ids if not bundle_id.is_wildcard]
    for identifier in identifiers:
        # Apple wants the bundle id of an extension to begin with that of its app, and an extension has no app record.
        owner = next((one for one in identifiers if identifier.startswith(f"{one}.")), "")
        if identifier not in apps and owner:
            log.info("%s has no app of its own: it counts as an extension of %s", identifier, owner)
        elif identifier not in apps:
            there = words.some(sorted(apps)) or "none at all"
            findings.add(
                Error(
                    f"The key sees no app with the bundle id {identifier}. It sees: {there}.",
                    f"If there is none, make it, which no API key can: {_how_to_make(identifier)}",
                )
            )
    return [apps.get(identifier, "") for identifier in identifiers]


def _how_to_make(identifier: str) -> str:
    return (
        "App Store Connect, Apps, +, New App. Choose the platform, type the name and the primary language, choose the "
        f"bundle id {identifier}, and type a SKU (any text of your own)."
    )


def _verify(
    client: Client,
    requests: Sequence[Request],
    registered: Mapping[str, RegisteredBundleId],
    findings: Findings,
) -> dict[str, dict[str, list[str]]]:
    """Compare the valid profiles with the .entitlements files, and return the values to associate by hand."""
    with_files = [one for one in requests if one.entitlements and one.bundle_id.identifier in registered]
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        listed = [
            pool.submit(active_profiles, client, registered[one.bundle_id.identifier].id)
            for one in with_files
        ]
    found: dict[str, dict[str, list[str]]] = {}
    for request, future in zip(with_files, listed, strict=True):
        identifier, none = request.bundle_id.identifier, list[Profile]()
        profiles = findings.result_of(future.result, none)
        if not profiles:
            log.warning(
                "%s has no valid profile to compare with: make one (sync-signing) and run the step again.",
                identifier,
            )
        lackings = [(profile, compare(request.entitlements, profile)) for profile in profiles]
        for profile, lacking in lackings:
            for _, error in errors_of(lacking, identifier, profile.name):
                findings.add(error)
        if values := by_hand(lacking for _, lacking in lackings):
            found[identifier] = values
    return found


def _outputs(
    plan: Sequence[BundleIdChanges],
    before: Mapping[str, RegisteredBundleId],
    now: Mapping[str, RegisteredBundleId],
) -> Outputs:
    """Return the outputs by a comparison of before and now, so that they are true if only some of it was done."""
    enabled, disabled, configured = {}, {}, False
    for changes in plan:
        identifier = changes.request.identifier
        after = now[identifier].capabilities if identifier in now else {}
        earlier = before[identifier].capabilities if identifier in before else {}
        if added := [one.type for one in changes.enable if one.type in after and one.type not in earlier]:
            enabled[identifier] = added
        if gone := [kind for kind in changes.disable if kind not in after and identifier in now]:
            disabled[identifier] = gone
        configured |= any(after.get(one.type) != earlier.get(one.type) for one in changes.configure)
    created = [
        changes.request.identifier for changes in plan if changes.request.identifier in now.keys() - before
    ]
    return Outputs(
        bundle_id_ids=_ids(now),
        created=json.dumps(created),
        enabled=json.dumps(enabled),
        disabled=json.dumps(disabled),
        changed=flag(bool(created or enabled or disabled or configured)),
    )


def _ids(registered: Mapping[str, RegisteredBundleId]) -> str:
    return json.dumps({identifier: bundle_id.id for identifier, bundle_id in registered.items()})


def _summary(lines: Sequence[str], dry_run: bool) -> str:
    text = summary.heading("Bundle ids")
    if not lines:
        return text + summary.paragraph("Nothing to do.")
    if dry_run:
        text += summary.paragraph("Planned, nothing was written:")
    return text + "".join(f"- {summary.escape(line)}\n" for line in lines) + "\n"


COMMAND = Command(
    name="register-bundle-ids",
    summary="Register bundle ids and enable their capabilities, and check what only a person can do.",
    description=(
        "Registers bundle ids that the team lacks and enables capabilities: named ones, or those that .entitlements "
        "files need. It only adds: nothing is turned off unless it is named. It reads back what it wrote, and can "
        "compare profiles with the entitlements before a build on a Mac fails for them."
    ),
    role="App Manager or Admin",
    icon="tag",
    example="""\
- uses: OWNER/REPO/actions/register-bundle-ids@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-ids: |
      com.example.app
      com.example.app.widget: Example Widget
    capabilities: push-notifications
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
