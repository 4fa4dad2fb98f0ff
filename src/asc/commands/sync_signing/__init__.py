"""sync-signing: install the certificates, keys and profiles of a team, or maintain its storage."""

from __future__ import annotations

import logging
from pathlib import Path

from asc.commands.context import Context
from asc.commands.declaration import Command, flag
from asc.commands.patterns import matching
from asc.commands.sync_signing import machine
from asc.commands.sync_signing.inputs import Inputs, Outputs, check_program
from asc.commands.sync_signing.machine import second_storage_of, storage_of
from asc.errors import Error
from asc.provisioning.certificates import AppleCertificate, list_certificates
from asc.provisioning.devices.device import Family, comparable_udid, family_of
from asc.provisioning.devices.request import MAC_PLATFORMS, DeviceRequest
from asc.provisioning.devices.state import missing_from_profile, not_enabled
from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.storage import Storage
from asc.signing.sync import importing, moving, revoking
from asc.signing.sync.context import SyncContext
from asc.signing.sync.identities import KeyNotStored
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.readiness import ReadySigning, ready_signing
from asc.signing.sync.storage_report import inspect_storage
from asc.signing.sync.stored import read_store
from asc.signing.sync.syncing import Sync
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.trimmed import warn_of_trimmed

log = logging.getLogger(__name__)


def run(inputs: Inputs, context: Context) -> Outputs:
    """Run the mode that the input `mode` names, and return the outputs."""
    return _MODES[inputs.mode](inputs, context)


def _read_only(inputs: Inputs, context: Context) -> Outputs:
    """Install from the storage alone. Sends no request to App Store Connect, and needs no API key."""
    # Only the key tells the team's program. This mode has no key, and lists nothing at Apple.
    storage, request = storage_of(inputs, context), inputs.request(in_house=False)
    files, passphrase = storage.read(), inputs.passphrase or ""
    warn_of_trimmed(files, passphrase)
    stored_signing = read_store(files, passphrase, request, inputs.p12_password)
    # The inspection asks the storage again, so it runs only if something is missing.
    signing = ready_signing(stored_signing, request, context.now(), lambda: inspect_storage(storage, files))
    _warn_of_missing_devices(signing, request)
    _log_all_is_stored(storage)
    return _install(inputs, context, signing, (), storage)


def _warn_of_missing_devices(signing: ReadySigning, request: SigningRequest) -> None:
    """Warn of devices that are asked for and that the stored profiles do not list."""
    for spec, stored in signing.profiles:
        expected = [device for device in request.devices if _may_list(spec.platform, device, signing)]
        names = missing_from_profile(expected, (), stored.profile.devices) if spec.kind.has_devices else []
        # A profile for tvOS lists TVs alone, and the form of a UDID does not tell a TV from a phone.
        if names and spec.platform is not Platform.TVOS:
            log.warning("%s lacks requested devices: %s.", str(spec).capitalize(), ", ".join(names))


def _may_list(platform: Platform, device: DeviceRequest, signing: ReadySigning) -> bool:
    """Return True if profiles for a platform may list the device, as far as the storage tells it."""
    # Without a request to Apple, only the form of the UDID tells the platform, and phones, TVs and Macs share forms.
    # A device that a profile of another platform lists is none that this one lacks.
    listed_for = {
        family_of(spec.platform)
        for spec, stored in signing.profiles
        if comparable_udid(device.udid) in map(comparable_udid, stored.profile.devices)
    }
    apple_platform = "MAC_OS" if platform in MAC_PLATFORMS else "IOS"
    fits = device.apple_platform([platform]) == apple_platform
    elsewhere = bool(listed_for) and family_of(platform) not in listed_for
    # Apple calls a TV ios as well, but a phone or a Mac that the user calls so is taken at that word.
    return fits and not (elsewhere and (device.platform is None or Family.TV in listed_for))


def _sync(inputs: Inputs, context: Context) -> Outputs:
    sync_context, request = _context(inputs, context)
    sync, plan = Sync.begin(sync_context, request).plan()
    for line in plan.lines():
        log.info("Plan: %s", line)
    try:
        synced = sync.carry_out(plan)
    except KeyNotStored as error:
        # Apple has the certificate, and this copy is the only one of its key: a later step must find it.
        context.outputs = Outputs(unsaved_key_path=str(error.path or ""), changed=flag(True))
        raise
    for line in synced.lacking:
        log.warning(
            "%s Apple lets profiles name enabled devices only; processing takes one to three days.", line
        )
    context.summary.extend(machine.of_lacking(synced.lacking))
    if not synced.changes and not synced.lacking:
        _log_all_is_stored(sync_context.storage)
    return _install(inputs, context, synced.signing, synced.changes, sync_context.storage)


def _plan(inputs: Inputs, context: Context) -> Outputs:
    """Log the plan of a sync. Nothing is changed and nothing installed."""
    sync_context, request = _context(inputs, context)
    sync, plan = Sync.begin(sync_context, request).plan()
    for line in plan.lines():
        log.info("Would %s", line)
    # The sync would enable these devices, so the plan must not warn of them.
    enabling = {comparable_udid(change.udid) for change in plan.devices}
    left = [device for device in sync.apple.devices if comparable_udid(device.udid) not in enabling]
    for name in not_enabled(request.devices, left):
        log.warning("The device %s is not enabled at Apple: no profile can include it.", name)
    if not plan.lines():
        log.info("There is nothing to do")
    context.summary.append(machine.of_plan(plan.lines()))
    return Outputs(changed=flag(False))


def _revoke(inputs: Inputs, context: Context) -> Outputs:
    sync_context, request = _context(inputs, context)
    kinds = [ProfileType(name) for name in inputs.type]
    revocation = revoking.plan_revocation(sync_context, request, kinds, inputs.certificate_ids or ())
    for line in revocation.lines():
        log.info("Would %s", line)
    # A rerun finds nothing left to revoke: that is no error, and needs no confirm.
    if not revocation.lines():
        log.info("There is nothing to revoke")
        return Outputs(changed=flag(False))
    # The numbers are what the user read: if the plan has grown since, nothing is revoked.
    if (inputs.confirm or "").strip() != str(revocation):
        raise Error(
            f"Nothing was revoked: the plan removes {revocation}, and the input confirm does not repeat that.",
            f"Read the list above. To remove all of it, give confirm: {revocation}",
        )
    revoking.revoke(sync_context, revocation)
    log.info("Revoked: %s", revocation)
    context.summary.append(machine.of_changes(revocation.lines()))
    return Outputs(changed=flag(True))


def _import(inputs: Inputs, context: Context) -> Outputs:
    storage, passphrase = storage_of(inputs, context), inputs.passphrase or ""
    entries: list[StoredIdentity | StoredProfile] = [*_imported_identity(inputs, context)]
    entries += importing.read_imported_profiles(
        _profile_files(inputs), tuple(Platform(name) for name in inputs.platform), context.now()
    )
    stored = importing.store(storage, passphrase, entries, _version(inputs))
    lines = [f"store {path}" for path in stored]
    for line in lines:
        log.info("Done: %s", line)
    if not stored:
        log.info("The %s already has all of these files", storage.label)
    context.summary.append(machine.of_changes(lines))
    return Outputs(changed=flag(bool(stored)))


def _change_passphrase(inputs: Inputs, context: Context) -> Outputs:
    storage = storage_of(inputs, context)
    count = moving.renew_passphrase(
        storage, inputs.passphrase or "", inputs.new_passphrase or "", _version(inputs)
    )
    if count:
        log.info("%d files in the %s are now encrypted with the new passphrase", count, storage.label)
    else:
        log.info("Nothing to do: the %s is encrypted with the new passphrase already", storage.label)
    return Outputs(changed=flag(count > 0))


def _migrate(inputs: Inputs, context: Context) -> Outputs:
    source, target = storage_of(inputs, context), second_storage_of(inputs, context)
    count = moving.migrate(source, target, inputs.passphrase or "", _version(inputs))
    log.info("%d files were copied from the %s to the %s", count, source.label, target.label)
    return Outputs(changed=flag(count > 0))


def _log_all_is_stored(storage: Storage) -> None:
    log.info("Nothing to do: the %s has everything that was requested, and all of it is valid", storage.label)


_MODES = {
    "read-only": _read_only,
    "sync": _sync,
    "plan": _plan,
    "revoke": _revoke,
    "import": _import,
    "change-passphrase": _change_passphrase,
    "migrate": _migrate,
}


def _context(inputs: Inputs, context: Context) -> tuple[SyncContext, SigningRequest]:
    key = context.key(inputs)
    check_program(inputs.type, key.in_house)
    client = context.connect(inputs, key)
    sync_context = SyncContext(
        client=client,
        storage=storage_of(inputs, context),
        passphrase=inputs.passphrase or "",
        # Absolute, because a later step that reads the path from the outputs may run in another folder.
        rescue_folder=Path(inputs.output_directory).absolute() / "unsaved",
        p12_password=inputs.p12_password,
        encryption=_version(inputs),
    )
    return sync_context, inputs.request(in_house=key.in_house)


def _install(
    inputs: Inputs, context: Context, signing: ReadySigning, changes: tuple[str, ...], storage: Storage
) -> Outputs:
    context.summary.append(machine.of_signing(signing, changes, storage.label, context.now()))
    return machine.install(inputs, context, signing, changed=bool(changes))


def _imported_identity(inputs: Inputs, context: Context) -> list[StoredIdentity]:
    if not inputs.key_file:
        return []
    files = importing.IdentityFiles(
        Path(inputs.certificate_file) if inputs.certificate_file else None, Path(inputs.key_file)
    )
    listed: list[AppleCertificate] = []
    in_house = False
    # match names the files after Apple's id of the certificate.
    if context.has_key(inputs):
        key = context.key(inputs)
        client, in_house = context.connect(inputs, key), key.in_house
        listed = list_certificates(client, importing.apple_types(in_house))
    return [importing.read_imported_identity(files, inputs.p12_password, listed, in_house, context.now())]


def _profile_files(inputs: Inputs) -> list[Path]:
    if not inputs.profile_files:
        return []
    paths = matching(inputs.profile_files)
    if not paths:
        raise Error(f"profile-files: {inputs.profile_files} matches no file.", "Check the path.")
    return paths


def _version(inputs: Inputs) -> Version:
    return 1 if inputs.encryption == "v1" else 2


COMMAND = Command(
    name="sync-signing",
    summary="Install certificates, keys and profiles from the team's storage; create or renew them if needed.",
    description=(
        "Installs everything that a runner needs to sign a team's apps: certificate, key, and a profile for "
        "every bundle id, from a storage in fastlane match's format. Read-only by default; `mode: sync` creates "
        "missing certificates and profiles, renews expired ones, and never loses a key."
    ),
    role="App Manager or Admin, with access to certificates, identifiers and profiles (none for read-only)",
    icon="lock",
    example="""\
- uses: OWNER/REPO/actions/sync-signing@v1
  with:
    bundle-ids: com.example.app
    type: app-store
    storage: https://github.com/example/certificates.git
    storage-token: ${{ secrets.CERTS_TOKEN }}
    passphrase: ${{ secrets.MATCH_PASSWORD }}
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
