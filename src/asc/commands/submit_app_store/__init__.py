"""submit-app-store: attach a build to a version, send it to Apple's review, and wait for the result."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.platforms import PLATFORM_NAMES, PLATFORMS
from asc.apps.app import App
from asc.builds.build import Build, fetch_build
from asc.builds.finding import find_build
from asc.builds.number import Number
from asc.commands.context import Context
from asc.commands.declaration import NOT_WRITTEN, Command, flag, output
from asc.commands.submit_app_store.inputs import Inputs
from asc.commands.submit_app_store.plan import SubmissionPlan, make_plan, require_submitted
from asc.errors import Error
from asc.job import summary
from asc.store.items import add_item, check_items
from asc.store.preparing import check_prepared
from asc.store.submission import (
    DRAFT,
    add_version,
    find_open,
    holding,
    make_draft,
    read_open,
    submit,
    wait_for,
    withdraw,
)
from asc.store.version import (
    APPROVED,
    REJECTED,
    SUBMITTED,
    StoreVersion,
    choose_version,
    read_version,
    read_versions,
)

log = logging.getLogger(__name__)

_PAGE = "https://appstoreconnect.apple.com/apps/{}/distribution"


@dataclass(frozen=True)
class Outputs:
    """The ids and states of the version and its submission, and the result of the review."""

    app_id: str = output("Apple's id of the app.")
    version_id: str = output("Apple's id of the version.")
    submission_id: str = output("Apple's id of the submission; empty if there is no open one.")
    state: str = output("The state of the version, as Apple writes it (`WAITING_FOR_REVIEW`, …).")
    result: str = output("`approved`, `rejected`, `pending` while Apple has not decided, or `withdrawn`.")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the version and its submissions, print the plan, carry it out, and wait as asked for."""
    client = context.connect(inputs)
    # Counted from the start, because a withdrawal and the wait for the review share one `timeout`.
    deadline = client.clock.monotonic() + inputs.timeout
    app = inputs.app(client)
    platform = PLATFORMS[inputs.platform]
    if inputs.action == "withdraw":
        version = choose_version(read_versions(client, app.id, platform), inputs.version)
        return _withdraw(inputs, context, client, app, version, deadline)
    # Before the version: if another job submits it in between, its state shows that, and the submission does not seem
    # to be one in the way.
    submissions = read_open(client, app.id, platform)
    versions = read_versions(client, app.id, platform)
    version = choose_version(versions, inputs.version)
    build = _build(inputs, client, app, version)
    submission_id = ""
    # A version in review with another build is not done: `if-open` decides about its submission.
    is_done = version.state in APPROVED or (version.state in SUBMITTED and not _is_other(build, version))
    if is_done:
        log.info("Nothing to submit: %s", version)
        # An approved version has no open submission. A rerun gives later steps the id that the first run gave.
        open_submission = holding(submissions, version)
        if open_submission is None and version.state in SUBMITTED:
            open_submission = find_open(client, app.id, version)
        # Apple takes no more items after the submission, so a purchase that it does not hold was left behind.
        require_submitted(client, inputs, app.id, version, open_submission)
        submission_id = open_submission.id if open_submission else ""
    else:
        plan = make_plan(client, inputs, app.id, versions, version, build, submissions, context.now())
        for line in plan.lines():
            log.info("Plan: %s", line)
        if inputs.dry_run:
            log.info(NOT_WRITTEN)
            return _end(inputs, context, app, version, "", changed=True)
        try:
            submission_id = _submit(inputs, client, app, plan, deadline)
        except ApiError as error:
            submission_id = _by_another_job(inputs, client, app, plan, error)
        version = read_version(client, version.id)
        # A wait that ends with an error leaves these outputs to later steps.
        context.outputs = _outputs(app, version, submission_id, changed=True)
        _require_build(build, version)
    version = _waited(inputs, client, version, deadline)
    return _result(inputs, _end(inputs, context, app, version, submission_id, changed=not is_done), version)


def _waited(inputs: Inputs, client: Client, version: StoreVersion, deadline: float) -> StoreVersion:
    """Return the version once it is as `wait` asks for."""
    settled = {*SUBMITTED, *APPROVED, *REJECTED}
    if inputs.wait == "submitted" and version.state not in settled:
        return wait_for(client, version, deadline, lambda seen: seen.state in settled)
    if inputs.wait == "reviewed" and version.state in {*SUBMITTED, DRAFT}:
        return wait_for(client, version, deadline, lambda seen: seen.state not in {*SUBMITTED, DRAFT})
    return version


def _result(inputs: Inputs, outputs: Outputs, version: StoreVersion) -> Outputs:
    """Return the outputs. Raises Error if Apple rejected the version and the step waits for such news."""
    if outputs.result == "rejected" and inputs.wait != "none":
        raise Error(
            f"Apple rejected version {version.version} ({version.state}).",
            f"Read the reviewers' messages in App Store Connect; no API has them: {_PAGE.format(outputs.app_id)}",
        )
    return outputs


def _build(inputs: Inputs, client: Client, app: App, version: StoreVersion) -> Build | None:
    """Return the build to attach, None to keep the one that is attached. Raises Error if it is not there."""
    if inputs.build_id:
        return fetch_build(client, inputs.build_id)
    if not inputs.build_number:
        # The plan needs the answer to export compliance of the attached build as well.
        return fetch_build(client, version.build_id) if version.build_id else None
    number = Number(app.id, version.version, inputs.build_number, PLATFORMS[inputs.platform])
    build = find_build(client, number)
    if build is None:
        raise Error(
            f"build-number: there is no build {version.version} ({inputs.build_number}).",
            "Check the number; an upload has to be processed first (upload-testflight).",
        )
    return build


def _is_other(build: Build | None, version: StoreVersion) -> bool:
    return build is not None and build.id != version.build_id


def _by_another_job(inputs: Inputs, client: Client, app: App, plan: SubmissionPlan, refusal: ApiError) -> str:
    """Return the id of the submission if another job sent the version as planned, which Apple's refusal hides.

    Raises the refusal if the version is as it was, Error if the other job is not done or sent something else.
    """
    version = read_version(client, plan.version.id)
    # Apple locks a version that a submission holds, and its refusal of a write does not say so.
    if refusal.status != 409 or version.state == plan.version.state:
        raise refusal
    if version.state not in SUBMITTED:
        raise Error(
            f"Another job is submitting version {version.version} ({version.state}). {refusal.message}",
            "Run the step again.",
        ) from refusal
    log.info("Another job submitted version %s meanwhile", version.version)
    check_prepared(client, version.id, plan.preparation)
    open_submission = find_open(client, app.id, version)
    require_submitted(client, inputs, app.id, version, open_submission)
    return open_submission.id if open_submission else ""


def _require_build(build: Build | None, version: StoreVersion) -> None:
    """Raise Error if another job attached its build before this job's submission was sent."""
    if build is not None and _is_other(build, version):
        raise Error(
            f"Another job submitted version {version.version} with build {version.build_number}, "
            f"not {build.build_number}.",
            "Decide which build to review; to replace the other one, run the step again with if-open: cancel.",
        )


def _submit(inputs: Inputs, client: Client, app: App, plan: SubmissionPlan, deadline: float) -> str:
    """Carry out the plan, and return Apple's id of the submission."""
    version = plan.version
    if plan.blocking:
        version = withdraw(client, plan.blocking, version, deadline)
    # The build is attached first: Apple checks the version as soon as a submission holds it.
    for step in plan.steps:
        step.send(client)
        log.info("Done: %s", step.summary)
    if plan.steps:
        check_prepared(client, version.id, plan.preparation)
    draft = plan.draft or make_draft(client, app.id, version)
    if draft.version_id != version.id:
        draft = add_version(client, draft, version)
    # A job that was quicker may have sent the submission that the two requests above returned.
    if draft.state != DRAFT:
        log.info("Another job submitted version %s meanwhile", version.version)
        require_submitted(client, inputs, app.id, read_version(client, version.id), draft)
        return draft.id
    # Apple looks at the version first: what it lacks is told before anything else is in the draft.
    for item in plan.new_items:
        add_item(client, draft.id, item)
        log.info("Done: add %s", item)
    if plan.new_items:
        check_items(client, draft.id, plan.new_items)
    submit(client, draft, version)
    log.info("Submitted version %s to Apple's review", version.version)
    return draft.id


def _withdraw(
    inputs: Inputs, context: Context, client: Client, app: App, version: StoreVersion, deadline: float
) -> Outputs:
    open_submission = find_open(client, app.id, version)
    # A draft was never sent, so there is nothing to take back.
    if open_submission is None or open_submission.state == DRAFT:
        if version.state in APPROVED:
            raise Error(
                f"Version {version.version} cannot be withdrawn: its state is {version.state}.",
                "If it waits for its release, cancel that in App Store Connect; a release is final.",
            )
        log.info("Nothing to withdraw: %s is in no open submission", version)
        return _end(inputs, context, app, version, "", changed=False)
    if inputs.dry_run:
        log.info("Plan: withdraw %s", version)
        log.info(NOT_WRITTEN)
        return _end(inputs, context, app, version, open_submission.id, changed=True)
    withdrawn = withdraw(client, open_submission, version, deadline)
    log.info("Withdrew version %s: its state is %s", withdrawn.version, withdrawn.state)
    return _end(inputs, context, app, withdrawn, open_submission.id, changed=True)


def _end(
    inputs: Inputs, context: Context, app: App, version: StoreVersion, submission_id: str, *, changed: bool
) -> Outputs:
    withdrawn = inputs.action == "withdraw" and not inputs.dry_run
    outputs = _outputs(app, version, submission_id, changed=changed, withdrawn=withdrawn)
    context.outputs = outputs
    platform = PLATFORM_NAMES[PLATFORMS[inputs.platform]]
    rows = [("State", version.state), ("Build", version.build_number or "none"), ("Result", outputs.result)]
    text = summary.heading(f"Review of {version.version} for {platform}") + summary.table(
        ("What", "Value"), rows
    )
    context.summary.append(text)
    return outputs


def _outputs(
    app: App, version: StoreVersion, submission_id: str, *, changed: bool, withdrawn: bool = False
) -> Outputs:
    result = (
        "approved" if version.state in APPROVED else "rejected" if version.state in REJECTED else "pending"
    )
    return Outputs(
        app_id=app.id,
        version_id=version.id,
        submission_id=submission_id,
        state=version.state,
        result="withdrawn" if withdrawn else result,
        changed=flag(changed),
    )


COMMAND = Command(
    name="submit-app-store",
    summary="Attach a build to a version, send it to Apple's review, and wait for the result.",
    description=(
        "Attaches the build, answers export compliance, sets when and how the version is released, and "
        "submits it. Reports everything that Apple still needs together, with the locale. If the version "
        "is already submitted with this build, the step succeeds. A cancelled step continues where it "
        "stopped and submits nothing twice."
    ),
    role="App Manager or Admin",
    icon="send",
    example="""\
- uses: OWNER/REPO/actions/submit-app-store@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    version: "1.6.0"
    build-id: ${{ steps.upload.outputs.build-id }}
    release: manual
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
