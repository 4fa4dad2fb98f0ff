"""register-devices: register the devices of a list with the team, and enable, rename or disable others."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from asc import words
from asc.commands import devices as devices_input
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import NOT_WRITTEN, Command, CommonInputs, flag, given, output
from asc.errors import Problem
from asc.job import summary
from asc.provisioning.devices.apple import list_devices
from asc.provisioning.devices.device import Device, comparable_udid
from asc.provisioning.devices.plan import (
    DeviceChange,
    DeviceRules,
    IfDisabled,
    apply_devices,
    confirm_devices,
    not_shown,
    plan_devices,
    with_changes,
)
from asc.provisioning.devices.request import ApplePlatform, DeviceRequest
from asc.provisioning.devices.state import places_left
from asc.provisioning.kinds import Platform

log = logging.getLogger(__name__)

DEVICES, RUN = "Devices", "Run"
_PLATFORMS = {"ios": Platform.IOS, "mac": Platform.MACOS}
_APPLE_PLATFORMS: dict[str, ApplePlatform] = {"ios": "IOS", "mac": "MAC_OS"}


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The inputs of register-devices, with at least one device."""

    devices: tuple[DeviceRequest, ...] | None = given(
        devices_input.KIND,
        "The devices, as name: UDID, or the path of a file. The file has the same form, or Apple's form "
        "with tabs (`Device ID`, `Device Name`, `Device Platform`), which fastlane's `register_devices` "
        "reads as well.",
        group=DEVICES,
        examples=("Test phone: 00008110-000A1B2C3D4E001E", "fastlane/devices.txt"),
    )
    platform: str | None = given(
        kinds.choice(_PLATFORMS, also={"macos": "mac"}),
        "The platform of devices for which `devices` gives none. A UDID that cannot belong to it is an "
        "error. If omitted, a new device whose UDID can belong to a phone or a Mac is an error, because a"
        " device can never change its platform.",
        group=DEVICES,
    )
    if_disabled: str = given(
        kinds.choice(("enable", "fail", "leave")),
        "How to handle listed devices that are disabled at Apple. No profile can include a disabled device.",
        group=DEVICES,
        default="enable",
    )
    rename: bool = given(
        kinds.BOOLEAN,
        "Give existing devices the names in `devices`.",
        group=DEVICES,
        default="false",
    )
    disable: tuple[str, ...] | None = given(
        kinds.LIST, "Names or UDIDs of devices to disable. A disabled device keeps its place.", group=DEVICES
    )
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=RUN, default="false")

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        if not self.devices and not self.disable:
            yield Problem("devices", "is required (or disable)", "List the devices, one a line: name: UDID.")
        yield from devices_input.problems(self.devices or (), _APPLE_PLATFORMS.get(self.platform or ""))


@dataclass(frozen=True)
class Outputs:
    """The outputs of register-devices for later steps."""

    registered: str = output("The names of the devices that were registered, as a JSON list.")
    enabled: str = output("The names of the devices that were enabled, as a JSON list.")
    renamed: str = output("The new names of the devices that were renamed, as a JSON list.")
    disabled: str = output("The names of the devices that were disabled, as a JSON list.")
    existing: str = output("The names of the listed devices that were already registered, as a JSON list.")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")
    slots_left: str = output(
        "How many devices of each class the team can still register, as JSON: class → number."
    )


def run(inputs: Inputs, context: Context) -> Outputs:
    """List the team's devices, print the plan, make the changes, and say which places are left."""
    requests = inputs.devices or ()
    # UDIDs are masked before the first line of the log or of an error that could show one.
    for request in requests:
        _hide_udid(context, request.udid)
    client = context.connect(inputs)
    registered: Sequence[Device] = list_devices(client)
    for device in registered:
        _hide_udid(context, device.udid)
    known = {comparable_udid(device.udid) for device in registered}
    existing = [request.name for request in requests if comparable_udid(request.udid) in known]
    changes = plan_devices(requests, registered, _rules(inputs))
    for change in changes:
        log.info("Plan: %s", change.summary)
    if not changes:
        log.info("Nothing to do: the team has all %s", words.counted(len(requests), "device"))
    changes_made: list[DeviceChange] = []
    changed: list[Device] = []
    try:
        if inputs.dry_run and changes:
            log.info(NOT_WRITTEN)
        elif changes:
            try:
                for change, device in apply_devices(client, changes):
                    changes_made.append(change)
                    changed.append(device)
            finally:
                # If a later change fails, the places that are left are counted with the earlier ones.
                registered = with_changes(registered, changed)
            registered, missing = confirm_devices(client, changes_made)
            if missing:
                changes_made[:] = [change for change in changes_made if change not in missing]
                raise not_shown(missing)
    finally:
        # The outputs of a run that fails say what it has done all the same.
        outputs = _outputs(
            existing, registered, changes_made, changed=bool(changes_made or (inputs.dry_run and changes))
        )
        context.outputs = outputs
        context.summary.append(_summary(changes, changes_made, inputs.dry_run, registered))
    return outputs


def _rules(inputs: Inputs) -> DeviceRules:
    platforms = (_PLATFORMS[inputs.platform],) if inputs.platform else ()
    if_disabled = cast(IfDisabled, inputs.if_disabled)
    return DeviceRules(platforms, if_disabled, inputs.rename, inputs.disable or ())


def _hide_udid(context: Context, udid: str) -> None:
    """Mask a UDID, which is personal data, in the spellings that Apple and people use."""
    # The runner masks texts as they are written, with their case.
    bare = comparable_udid(udid)
    for text in {udid, udid.lower(), udid.upper(), bare, bare.lower()}:
        context.hide(text)


def _outputs(
    existing: Sequence[str], registered: Sequence[Device], made: Sequence[DeviceChange], *, changed: bool
) -> Outputs:
    def names(action: str) -> str:
        return json.dumps([change.name for change in made if change.action == action], ensure_ascii=False)

    return Outputs(
        registered=names("register"),
        enabled=names("enable"),
        renamed=names("rename"),
        disabled=names("disable"),
        existing=json.dumps(list(existing), ensure_ascii=False),
        changed=flag(changed),
        slots_left=json.dumps(places_left(registered)),
    )


def _summary(
    changes: Sequence[DeviceChange], made: Sequence[DeviceChange], dry_run: bool, registered: Sequence[Device]
) -> str:
    text = summary.heading("Devices")
    if not changes:
        text += summary.paragraph("Nothing to do.")
    else:
        rows = [(change.action, change.name, _state(change, made, dry_run)) for change in changes]
        text += summary.table(("Change", "Device", "State"), rows)
    left = ", ".join(f"{name} {count}" for name, count in places_left(registered).items())
    return text + (
        summary.paragraph(f"Places left this membership year: {summary.escape(left)}.") if left else ""
    )


def _state(change: DeviceChange, made: Sequence[DeviceChange], dry_run: bool) -> str:
    if dry_run:
        return "planned"
    # After an outage the rest was not tried; to the user these changes are missing all the same.
    return "done" if change in made else "failed"


COMMAND = Command(
    name="register-devices",
    summary="Register devices with the team, and enable, rename or disable others.",
    description=(
        "Registers the devices of a list, for development and ad-hoc profiles. It skips devices that are "
        "already registered, so a second run writes nothing. It never deletes a device, because Apple's "
        "API cannot."
    ),
    role="App Manager or Admin",
    icon="smartphone",
    example="""\
- uses: OWNER/REPO/actions/register-devices@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    devices: |
      Test phone: 00008110-000A1B2C3D4E001E
    platform: ios
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
