"""Install identities and profiles on this machine, open its storage from the inputs, and write the summary."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from asc.commands.context import Context
from asc.commands.declaration import flag
from asc.commands.sync_signing import match
from asc.commands.sync_signing.inputs import Inputs, Outputs
from asc.errors import SetupError
from asc.job import summary, workflow
from asc.signing.install import machine
from asc.signing.install.cleanup import holder_of, processes, sweep, undone_on_failure
from asc.signing.install.export_options import profile_mapping
from asc.signing.install.files import fastlane_environment, profile_facts, write_files
from asc.signing.install.ledger import Ledger
from asc.signing.install.machine import Installed, Mac
from asc.signing.install.security import Security
from asc.signing.install.written import Written
from asc.signing.storage import Options, Storage, open_storage
from asc.signing.sync.readiness import ReadySigning


def install(inputs: Inputs, context: Context, signing: ReadySigning, changed: bool) -> Outputs:
    """Install the identities and profiles as the input `install` says, and return the outputs.

    If a part fails, everything that was installed is removed. Raises SetupError, InstallError.
    """
    outputs = _named(signing, changed)
    if inputs.install == "none":
        return Outputs(**outputs)
    environment = context.job.environment
    ledger, owner = ledger_of(environment), owner_of(environment)
    security = _security(inputs, environment)
    running = processes(environment.get("PATH", os.defpath))
    now = context.now()
    # Jobs that were killed could not clean up, and their keychains would be searched by this one.
    sweep(ledger, now, security, running)
    # The ledger is written first: a step that is killed now leaves a note of what to remove.
    state = ledger.begin(owner, now, holder_of(os.getpid(), running))
    profiles = [stored for _, stored in signing.profiles]
    with undone_on_failure(ledger, state.id, security):
        folder = Path(inputs.output_directory)
        written = write_files(
            folder, signing.identities, profiles, inputs.p12_password, ledger.note(state.id)
        )
        # A random password is a secret that no input has announced.
        context.hide(written.password)
        installed = None
        if security:
            mac = Mac(Path(_home(environment)), _temporary(environment), security)
            installed = machine.install(mac, ledger, state.id, signing.identities, profiles)
    # After the block, so that no variable names a file that a failure has removed.
    if inputs.export_fastlane_env:
        for name, value in fastlane_environment(
            written.profiles, installed.profiles if installed else None
        ).items():
            workflow.set_env(name, value)
    return Outputs(**{**outputs, **_placed(written, installed)})


def ledger_of(environment: Mapping[str, str]) -> Ledger:
    """Return the record of all installations, in the home of the user. Raises SetupError if HOME is not set."""
    # A later job of the machine has another workspace, and finds the record here.
    return Ledger(Path(_home(environment)) / ".app-store-connect-actions" / "signing")


def owner_of(environment: Mapping[str, str]) -> str:
    """Return the text that identifies this job among all jobs of the machine."""
    names = (
        # Together these differ between any two jobs, also on a machine with several runners.
        "GITHUB_REPOSITORY",
        "GITHUB_RUN_ID",
        "GITHUB_RUN_ATTEMPT",
        "GITHUB_JOB",
        "RUNNER_NAME",
        "RUNNER_TEMP",
    )
    return "/".join(environment.get(name, "") for name in names)


def security_of(environment: Mapping[str, str]) -> Security:
    """Return the program `security` of macOS. Raises SetupError if it does not exist."""
    return Security.find(environment.get("PATH", os.defpath), Path(_home(environment)))


def _security(inputs: Inputs, environment: Mapping[str, str]) -> Security | None:
    on_mac = sys.platform == "darwin"
    # `keychain` is not changed to files on other systems: the step fails there, as the user asked for a keychain.
    if inputs.install == "keychain" or (inputs.install == "auto" and on_mac):
        return security_of(environment)
    return None


def _home(environment: Mapping[str, str]) -> str:
    home = environment.get("HOME", "")
    if not home:
        raise SetupError("HOME is not set.", "Set it to the folder of the user that the job runs as.")
    return home


def _temporary(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("RUNNER_TEMP") or tempfile.gettempdir())


def _named(signing: ReadySigning, changed: bool) -> dict[str, str]:
    identity = next(iter(signing.identities), None)
    certificate = identity.certificate if identity else None
    return {
        "certificate_id": identity.certificate_id if identity else "",
        "certificate_name": certificate.common_name if certificate else "",
        "certificate_sha1": certificate.sha1 if certificate else "",
        "team_id": (certificate.team_id or "") if certificate else "",
        "changed": flag(changed),
    }


def _placed(written: Written, installed: Installed | None) -> dict[str, str]:
    """Return the outputs that name files."""
    # If a bundle id has profiles of several types, the first counts, as in ExportOptions.plist.
    facts: dict[str, object] = {}
    for profile in written.profiles:
        facts.setdefault(profile.stored.bundle_id, profile_facts(profile))
    first = written.export_options[0] if written.export_options else None
    first_profiles = [
        profile
        for profile in written.profiles
        if first
        and (profile.stored.profile_type, profile.stored.platform) == (first.profile_type, first.platform)
    ]
    return {
        "profiles": json.dumps(facts, ensure_ascii=False),
        "profile_mapping": json.dumps(profile_mapping(first_profiles), ensure_ascii=False),
        "export_options_plist": str(first.path) if first else "",
        "keychain_path": str(installed.keychain) if installed else "",
        "p12_path": str(written.identities[0].p12) if written.identities else "",
        "p12_password": written.password if written.identities else "",
    }


def storage_of(inputs: Inputs, context: Context) -> Storage:
    """Return the storage of the inputs. Raises StorageError for a location or an option that is not valid."""
    location, environment = inputs.storage or "", context.job.environment
    return open_storage(location, match.with_access(_options(inputs, context), location, environment))


def second_storage_of(inputs: Inputs, context: Context) -> Storage:
    """Return the storage that `migrate` copies to. Raises StorageError."""
    # It never gets the token or the branch of the first storage.
    location = inputs.to_storage or ""
    options = _options(inputs, context)
    # The target may be a new repository without any branch.
    options = replace(options, token=inputs.to_storage_token or "", branch="", create_branch=True)
    return open_storage(location, options)


def _options(inputs: Inputs, context: Context) -> Options:
    temporary = context.job.environment.get("RUNNER_TEMP")
    return Options(
        token=inputs.storage_token or "",
        deploy_key=match.text_or_file(inputs.deploy_key or ""),
        known_hosts=inputs.known_hosts or "",
        branch=inputs.branch or "",
        create_branch=inputs.create_branch,
        endpoint=inputs.endpoint or "",
        region=inputs.region or "",
        credentials=inputs.storage_credentials or "",
        team_id=inputs.team_id or "",
        environment=context.job.environment,
        temporary=Path(temporary) if temporary else None,
        clock=context.clock,
    )


def of_signing(signing: ReadySigning, changes: Iterable[str], label: str, now: datetime) -> str:
    """Return the part of the summary with the identities, the profiles, their ends, and the changes."""
    rows = [
        (
            identity.certificate.common_name,
            identity.certificate_id,
            *_until(identity.certificate.not_after, now),
        )
        for identity in signing.identities
    ]
    rows += [
        (f"{spec.bundle_id} ({spec.kind})", stored.profile.name, *_until(stored.profile.expires, now))
        for spec, stored in signing.profiles
    ]
    text = summary.heading("Signing")
    text += summary.table(("What", "Name or id", "Valid until", "Days left"), rows)
    return text + of_changes(changes) + summary.paragraph(f"From the {summary.escape(label)}.")


def of_changes(changes: Iterable[str]) -> str:
    """Return the part of the summary with the changes."""
    lines = _listed(changes)
    return summary.paragraph("Done:") + lines if lines else summary.paragraph("Nothing had to be changed.")


def of_lacking(lines: Iterable[str]) -> list[str]:
    """Return the part of the summary with the devices that profiles lack, [] if they lack none."""
    listed = _listed(lines)
    return [summary.heading("Missing devices") + listed] if listed else []


def _listed(lines: Iterable[str]) -> str:
    listed = "".join(f"- {summary.escape(line)}\n" for line in lines)
    return listed + "\n" if listed else ""


def _until(end: datetime | None, now: datetime) -> tuple[str, str]:
    return (f"{end:%Y-%m-%d}", str((end - now).days)) if end else ("", "")


def of_plan(lines: Iterable[str]) -> str:
    """Return the job summary of `mode: plan` in Markdown: a list with one item for each line of the plan."""
    return summary.heading("Plan of the sync") + (
        _listed(lines) or summary.paragraph("No changes: everything is stored and valid.")
    )
