"""fetch-build-number: return the highest used build number of an app, and the next free one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asc.api.client import ATTEMPTS_AT_404, Client
from asc.api.errors import ApiError
from asc.api.platforms import PLATFORM_NAMES, PLATFORMS
from asc.apps.app import App, find_app_by_id
from asc.builds import history
from asc.builds.history import UsedNumber, highest_first
from asc.builds.number import BuildNumber
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, given, moment, output
from asc.commands.naming import PLATFORM, AppInputs
from asc.errors import Error, UnreachableError
from asc.job import summary

log = logging.getLogger(__name__)

SOURCES = {
    "all": history.numbers_used,
    "testflight": history.numbers_of_builds,
    "app-store": history.numbers_in_app_store,
}
ROWS = 10
"""Numbers in the table of the summary."""


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The inputs of fetch-build-number, for one app."""

    platform: str | None = given(
        PLATFORM,
        "Only count builds for this platform. If omitted, all platforms count.",
        group="Builds",
    )
    version: str | None = given(
        kinds.version(),
        "Only count builds of this version (train). Quote it in YAML: unquoted, `1.10` becomes 1.1.",
        group="Builds",
        examples=("1.5.0",),
    )
    source: str = given(
        kinds.choice(SOURCES),
        "`all`: every used number, also of uploads that failed or are processing. "
        "`testflight`: builds that reached TestFlight. `app-store`: the version customers have now.",
        group="Builds",
        default="all",
    )
    initial_build_number: str | None = given(
        kinds.build_number(),
        "The next build number if the app has no build yet. If omitted, an app without builds is an error.",
        group="Builds",
        examples=("1",),
    )
    fail_if_missing: bool = given(
        kinds.BOOLEAN,
        "Fail if the app has no build and `initial-build-number` is not set. If `false`, the outputs are empty.",
        group="Builds",
        default="true",
    )


@dataclass(frozen=True)
class Outputs:
    """The outputs of fetch-build-number for later steps."""

    build_number: str = output("The highest used build number; empty if there is no build.")
    next_build_number: str = output(
        "The next free build number: the highest one with its last segment plus one."
    )
    version: str = output("Marketing version (train) of that build.")
    state: str = output("Its state, as Apple writes it (`VALID`, `PROCESSING`, `FAILED`, …).")
    uploaded_at: str = output("When it was uploaded (UTC, `2026-01-31T10:00:00Z`).")
    build_id: str = output("Apple's id of the build; empty for an upload that has not become one.")
    app_id: str = output("Apple's id of the app.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Find the app, read its builds and uploads side by side, and return the highest number and the next."""
    client = context.connect(inputs)
    app = inputs.app(client)
    platform = PLATFORMS[inputs.platform] if inputs.platform else None
    used = highest_first(_numbers(inputs, client, app, platform))
    context.summary.append(_summary(inputs, app, used))
    if not used:
        return _without_builds(inputs, app)
    highest = used[0]
    following = highest.number.next().text
    log.info(
        "Build number %s (%s) is the highest; the next is %s", highest.number, _describe(highest), following
    )
    return Outputs(
        build_number=highest.number.text,
        next_build_number=following,
        version=highest.version,
        state=highest.state,
        uploaded_at=moment(highest.uploaded_at),
        build_id=highest.build_id,
        app_id=app.id,
    )


def _numbers(inputs: Inputs, client: Client, app: App, platform: str | None) -> list[UsedNumber]:
    try:
        numbers = SOURCES[inputs.source](client, app, platform, inputs.version)
    except ApiError as error:
        if error.status != 404:
            raise
        # This raises if the app does not exist. If it does, Apple answered 404 at random.
        find_app_by_id(client, app.id)
        raise UnreachableError(
            f"App Store Connect answered 404 {ATTEMPTS_AT_404} times in a row for builds of the app {app.id}, "
            "which exists.",
            "Run the step again: App Store Connect answers 404 at random.",
        ) from None
    if not numbers and inputs.app_id:
        # An unknown id has no builds either.
        find_app_by_id(client, app.id)
    return numbers


def _without_builds(inputs: Inputs, app: App) -> Outputs:
    scope = _which(inputs, app)
    if inputs.initial_build_number:
        first = BuildNumber(inputs.initial_build_number)
        log.info("%s has no build yet; the next build number is initial-build-number, %s", scope, first)
        return Outputs(next_build_number=first.text, app_id=app.id)
    if inputs.fail_if_missing:
        raise Error(
            f"{scope} has no build yet, so there is no build number to continue from.",
            "Set initial-build-number for the first build, or fail-if-missing: false for empty outputs.",
        )
    log.warning("%s has no build yet: the outputs are empty.", scope)
    return Outputs(app_id=app.id)


def _which(inputs: Inputs, app: App) -> str:
    text = app.bundle_id or f"App {app.id}"
    text += f" for {PLATFORM_NAMES[PLATFORMS[inputs.platform]]}" if inputs.platform else ""
    text += f" in the train {inputs.version}" if inputs.version else ""
    return text + (" in the App Store" if inputs.source == "app-store" else "")


def _describe(used: UsedNumber) -> str:
    words = [PLATFORM_NAMES.get(used.platform, used.platform), used.version, used.state]
    words.append(f"uploaded {used.uploaded_at:%Y-%m-%d %H:%M} UTC" if used.uploaded_at else "")
    return ", ".join(word for word in words if word)


def _summary(inputs: Inputs, app: App, numbers: Sequence[UsedNumber]) -> str:
    rows = [
        (
            used.number,
            used.version,
            PLATFORM_NAMES.get(used.platform, used.platform),
            used.state,
            f"{used.uploaded_at:%Y-%m-%d %H:%M}" if used.uploaded_at else "",
        )
        for used in numbers[:ROWS]
    ]
    text = summary.heading(f"Build numbers of {_which(inputs, app)}")
    if not rows:
        first = f" Next: **{inputs.initial_build_number}**" if inputs.initial_build_number else ""
        return text + summary.paragraph(f"No build yet.{first}")
    text += summary.paragraph(f"Next: **{summary.escape(numbers[0].number.next())}**")
    return text + summary.table(("Build number", "Version", "Platform", "State", "Uploaded (UTC)"), rows)


COMMAND = Command(
    name="fetch-build-number",
    summary="Return the highest build number in App Store Connect, and the next free one.",
    description=(
        "Reads the used build numbers of an app from all its builds and build uploads, and returns the highest and the "
        "next. Build numbers are compared segment by segment, so 2.10 is higher than 2.9."
    ),
    role="Developer, App Manager or Admin",
    icon="hash",
    example="""\
- uses: OWNER/REPO/actions/fetch-build-number@v1
  id: build
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
- run: echo "next is ${{ steps.build.outputs.next-build-number }}"
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
