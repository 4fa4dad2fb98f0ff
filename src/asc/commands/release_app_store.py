"""release-app-store: release an approved version, and pause, resume or complete its phased release."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.api.platforms import PLATFORM_NAMES, PLATFORMS
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import NOT_WRITTEN, Command, flag, given, output
from asc.commands.naming import PLATFORM, AppInputs
from asc.job import summary
from asc.store.release import is_needed, release, steer
from asc.store.submission import wait_for
from asc.store.version import LIVE, StoreVersion, choose_version, read_versions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The inputs of release-app-store, for one version."""

    version: str = given(
        kinds.version(),
        "The version to release. Quote it in YAML: unquoted, `1.10` becomes 1.1.",
        group="Release",
        required=True,
        examples=("1.6.0",),
    )
    platform: str = given(PLATFORM, "The platform of the version.", group="Release", default="ios")
    action: str = given(
        kinds.choice(("release", "pause", "resume", "complete")),
        "`release`: release an approved version. `pause`, `resume` and `complete` change its phased "
        "release; `complete` gives the version to everybody at once.",
        group="Release",
        default="release",
    )
    wait: str = given(
        kinds.choice(("none", "live")),
        "`live`: wait until the version is in the App Store, at most `timeout`.",
        group="Release",
        default="none",
    )
    timeout: float = given(
        kinds.DURATION,
        "Longest time that `wait: live` waits.",
        group="Release",
        default="30m",
        examples=("1h",),
    )
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group="Release", default="false")


@dataclass(frozen=True)
class Outputs:
    """The outputs of release-app-store for later steps."""

    app_id: str = output("Apple's id of the app.")
    version_id: str = output("Apple's id of the version.")
    version_state: str = output("The state of the version, as Apple writes it (`READY_FOR_DISTRIBUTION`, …).")
    phased_state: str = output("The state of its phased release; empty if it has none.")
    phased_day: str = output("The day of the phased release, from 1 to 7; empty before it begins.")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the version, do the action if it is not done yet, and wait if that is asked for."""
    client = context.connect(inputs)
    deadline = client.clock.monotonic() + inputs.timeout
    app = inputs.app(client)
    version = choose_version(read_versions(client, app.id, PLATFORMS[inputs.platform]), inputs.version)
    # A rerun finds the action done and sends nothing, because a release is final.
    changed = is_needed(version, inputs.action)
    if not changed:
        log.info("Nothing to do: %s", version)
    if inputs.dry_run:
        if changed:
            log.info("Plan: %s %s", inputs.action, version)
        log.info(NOT_WRITTEN)
        return _outputs(app.id, version, changed=changed)
    current = version
    if changed:
        is_release = inputs.action == "release"
        current = release(client, version) if is_release else steer(client, version, inputs.action)
    # A wait that ends with an error leaves these outputs to later steps.
    context.outputs = _outputs(app.id, current, changed=changed)
    if inputs.wait == "live" and current.state != LIVE:
        current = wait_for(client, current, deadline, lambda seen: seen.state == LIVE)
    outputs = _outputs(app.id, current, changed=changed)
    context.outputs = outputs
    context.summary.append(_summary(inputs, current))
    return outputs


def _outputs(app_id: str, version: StoreVersion, *, changed: bool) -> Outputs:
    phased = version.phased
    return Outputs(
        app_id=app_id,
        version_id=version.id,
        version_state=version.state,
        phased_state=phased.state if phased else "",
        phased_day=str(phased.day) if phased and phased.day else "",
        changed=flag(changed),
    )


def _summary(inputs: Inputs, version: StoreVersion) -> str:
    platform = PLATFORM_NAMES[PLATFORMS[inputs.platform]]
    text = summary.heading(f"Release of {version.version} for {platform}")
    rows = [("State", version.state)]
    if version.phased:
        rows.append(("Phased release", f"{version.phased.state}, day {version.phased.day} of 7"))
    return text + summary.table(("What", "Value"), rows)


COMMAND = Command(
    name="release-app-store",
    summary="Release an approved version, and pause, resume or complete its phased release.",
    description=(
        "Releases a version that Apple has approved, or pauses, resumes or completes its phased release. "
        "If the version is already released, the step succeeds and changes nothing. Use an environment, "
        "so that a person approves the job."
    ),
    role="App Manager or Admin",
    icon="play-circle",
    example="""\
- uses: OWNER/REPO/actions/release-app-store@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    version: "1.6.0"
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
