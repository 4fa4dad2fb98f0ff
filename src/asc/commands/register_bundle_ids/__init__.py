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
from asc.commands.declaration import NOT_WRITTEN, Command, flag, output
from asc.commands.register_bundle_ids.inputs import Inputs, Request, requests_of, unknown_types
from asc.errors import Error, Findings, UnreachableError
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
    renamed: str = output("The bundle ids that got a new name, as a JSON list.")
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
    _warn_of_unknown(requests, inputs.if_unknown)
    client = context.connect(inputs)
    bundle_ids = [request.bundle_id for request in requests]
    registered = read_bundle_ids(client, [bundle_id.identifier for bundle_id in bundle_ids])
    plan = plan_bundle_ids(bundle_ids, registered)
    _log_plan(plan, bundle_ids, registered)
    if inputs.dry_run:
        log.info(NOT_WRITTEN)
        context.summary.append(_summary(plan, "planned"))
        # Without the plan, because the lists name changes that were made, and there are none.
        outputs = replace(_outputs((), registered, registered), changed=flag(bool(plan)))
        context.outputs = outputs
        return _check_apps(inputs, context, client, requests, outputs)
    changed, findings = apply_bundle_ids(client, plan)
    current = {**registered, **changed}
    # From here on the outputs of a run that fails say what it has done.
    context.outputs = outputs = _outputs(plan, registered, current)
    context.summary.append(_summary(plan, "done", plan_bundle_ids(bundle_ids, current)))
    # Without a connection the checks would only add errors of their own.
    if any(isinstance(error, UnreachableError) for error in findings.errors):
        findings.raise_all()
    invalid = _invalidated(client, plan, findings)
    outputs = replace(outputs, invalidated_profiles=json.dumps(invalid, ensure_ascii=False))
    return _check(inputs, context, client, requests, current, outputs, findings)


def _log_plan(
    plan: Sequence[BundleIdChanges],
    bundle_ids: Sequence[BundleIdRequest],
    before: Mapping[str, RegisteredBundleId],
) -> None:
    for changes in plan:
        for line in changes.lines():
            log.info("Plan: %s", line)
    for request in bundle_ids:
        registered = before.get(request.identifier)
        if registered and request.name not in ("", registered.name) and not request.rename:
            log.info(
                "%s is named %s at Apple and keeps this name (rename: true changes it)",
                request.identifier,
                words.printable_name(registered.name),
            )
        if registered and registered.platform not in (request.platform, "UNIVERSAL"):
            log.info(
                "%s is registered for %s, which nobody can change", request.identifier, registered.platform
            )
    if not plan:
        log.info("Nothing to do: the bundle ids and their capabilities exist")


def _invalidated(client: Client, plan: Sequence[BundleIdChanges], findings: Findings) -> list[str]:
    """Return the names of the profiles that are invalid, of bundle ids whose capabilities were changed."""
    touched = [
        changes.registered.id
        for changes in plan
        # A new bundle id has no profiles yet, and a new name leaves them valid.
        if changes.registered and (changes.enable or changes.configure or changes.disable)
    ]
    no_names: list[str] = []
    invalid = findings.result_of(lambda: invalid_profiles(client, touched), no_names)
    if invalid:
        log.warning(
            "These profiles are invalid now: %s. Create them again (sync-signing).", ", ".join(invalid)
        )
    return invalid


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


def _check_apps(
    inputs: Inputs, context: Context, client: Client, requests: Sequence[Request], outputs: Outputs
) -> Outputs:
    """Check what a dry run can: the apps of the bundle ids. Raises Error if one is required and is not there."""
    findings = Findings()
    if inputs.require_app:
        app_ids = _app_ids(client, [request.bundle_id for request in requests], findings)
        context.outputs = outputs = replace(outputs, app_id=app_ids[0] if app_ids else "")
    findings.raise_all()
    return outputs


def _warn_of_unknown(requests: Sequence[Request], if_unknown: str) -> None:
    for request in requests:
        if request.unknown and if_unknown == "warn":
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
        owner = next((candidate for candidate in identifiers if identifier.startswith(f"{candidate}.")), "")
        if identifier not in apps and owner:
            log.info("%s has no app of its own: it counts as an extension of %s", identifier, owner)
        elif identifier not in apps:
            visible = words.some(sorted(apps)) or "none at all"
            findings.add(
                Error(
                    f"The key sees no app with the bundle id {identifier}. It sees: {visible}.",
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
    with_files = [
        # A bundle id that could not be registered has no profiles, and its error is told already.
        request
        for request in requests
        if request.entitlements and request.bundle_id.identifier in registered
    ]
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        reading = [
            pool.submit(active_profiles, client, registered[request.bundle_id.identifier].id)
            for request in with_files
        ]
    missing: dict[str, dict[str, list[str]]] = {}
    for request, future in zip(with_files, reading, strict=True):
        identifier, no_profiles = request.bundle_id.identifier, list[Profile]()
        profiles = findings.result_of(future.result, no_profiles)
        # A warning, because the first run for a new bundle id comes before its first profile.
        if not profiles:
            log.warning(
                "%s has no valid profile to compare with: create one (sync-signing) and run the step again.",
                identifier,
            )
        lackings = [(profile, compare(request.entitlements, profile)) for profile in profiles]
        for profile, lacking in lackings:
            for _, error in errors_of(lacking, identifier, profile.name):
                findings.add(error)
        if values := by_hand(lacking for _, lacking in lackings):
            missing[identifier] = values
    return missing


def _outputs(
    plan: Sequence[BundleIdChanges],
    before: Mapping[str, RegisteredBundleId],
    current: Mapping[str, RegisteredBundleId],
) -> Outputs:
    """Return the outputs by a comparison of before and now, so that they are true if only some of it was done."""
    enabled, disabled, configured = {}, {}, False
    for changes in plan:
        identifier = changes.request.identifier
        after = current[identifier].capabilities if identifier in current else {}
        earlier = before[identifier].capabilities if identifier in before else {}
        if added := [one.type for one in changes.enable if one.type in after and one.type not in earlier]:
            enabled[identifier] = added
        if gone := [kind for kind in changes.disable if kind not in after and identifier in current]:
            disabled[identifier] = gone
        configured |= any(after.get(one.type) != earlier.get(one.type) for one in changes.configure)
    renamed = [
        one.request.identifier for one in plan if one.rename and _name(before, one) != _name(current, one)
    ]
    created = [
        changes.request.identifier
        for changes in plan
        if changes.request.identifier in current.keys() - before
    ]
    return Outputs(
        bundle_id_ids=_ids(current),
        created=json.dumps(created),
        renamed=json.dumps(renamed),
        enabled=json.dumps(enabled),
        disabled=json.dumps(disabled),
        # Empty JSON, so that `fromJSON` in a workflow can read it.
        missing_by_hand="{}",
        invalidated_profiles="[]",
        changed=flag(bool(created or renamed or enabled or disabled or configured)),
    )


def _ids(registered: Mapping[str, RegisteredBundleId]) -> str:
    return json.dumps({identifier: bundle_id.id for identifier, bundle_id in registered.items()})


def _name(bundle_ids: Mapping[str, RegisteredBundleId], changes: BundleIdChanges) -> str:
    registered = bundle_ids.get(changes.request.identifier)
    return registered.name if registered else ""


def _summary(plan: Sequence[BundleIdChanges], state: str, left: Sequence[BundleIdChanges] = ()) -> str:
    """Return a table of the changes. Those that are `left` have failed."""
    failed = {line for changes in left for line in changes.lines()}
    rows = [
        (changes.request.identifier, line, "failed" if line in failed else state)
        for changes in plan
        for line in changes.lines()
    ]
    table = summary.table(("Bundle id", "Change", "State"), rows)
    return summary.heading("Bundle ids") + (table if rows else summary.paragraph("Nothing to do."))


COMMAND = Command(
    name="register-bundle-ids",
    summary="Register bundle ids, enable their capabilities, and check the settings that only a person can "
    "make.",
    description=(
        "Registers bundle ids that the team lacks and enables capabilities: the ones that you name, or "
        "the ones that .entitlements files need. It turns off only capabilities that you name. It reads "
        "its changes back, and can compare profiles with the entitlements, so that no build on a Mac "
        "fails because of them."
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
