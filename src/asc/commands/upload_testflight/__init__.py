"""upload-testflight: upload a build, wait for Apple, and give it to testers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from asc.api.client import Client
from asc.api.errors import ApiError
from asc.api.polling import look_until
from asc.assets.source import Source
from asc.builds.binary import Binary
from asc.builds.build import MISSING_COMPLIANCE, Build
from asc.builds.upload import record
from asc.builds.upload.model import PROCESSING
from asc.builds.upload.status import IfExists, UploadStatus, assess
from asc.builds.upload.train import Train, check_train, read_train
from asc.builds.upload.uploading import Uploader
from asc.builds.waiting import (
    BuildSnapshot,
    Watch,
    WatchedBuild,
    check_received,
    has_build,
    is_installable,
    is_processed,
    is_taken,
)
from asc.changes.change import Change
from asc.changes.sending import SETTLING
from asc.commands.context import Context
from asc.commands.declaration import Command
from asc.commands.upload_testflight.build_reference import (
    destination,
    read_file,
    reference_of_file,
    reference_of_ids,
)
from asc.commands.upload_testflight.dry_run import tell_plan, tell_upload
from asc.commands.upload_testflight.inputs import Inputs
from asc.commands.upload_testflight.report import Outputs, UploadReport
from asc.errors import Findings, InputError, Problem
from asc.job import progress
from asc.testflight.audience import check_reached, compliance_gap, kept_out
from asc.testflight.confirming import accepted_only, not_made
from asc.testflight.distribution import DistributionResult, distribute, expire_previous
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, goes_outside

log = logging.getLogger(__name__)


def run(inputs: Inputs, context: Context) -> Outputs:
    """Check everything, upload, wait and distribute. If that fails, the outputs known so far are written."""
    report = UploadReport(dry_run=inputs.dry_run)
    try:
        _work(inputs, context, report)
    finally:
        # A later step can go on with the upload, even if this step failed.
        if report.upload_id or report.build_id:
            context.outputs = report.outputs()
        context.summary.append(report.summary())
    return report.outputs()


def _work(inputs: Inputs, context: Context, report: UploadReport) -> None:
    request, changed = inputs.request
    # The input is masked whole and line by line; the password alone is a text of its own.
    if request.review_info and request.review_info.demo_account_password:
        context.hide(request.review_info.demo_account_password)
    for change in changed:
        log.warning("whats-new: %s", change)
    # Before the client, so that a file with a defect ends the step without a request.
    binary = read_file(inputs, context.now()) if inputs.file else None
    client = context.connect(inputs)
    if binary:
        _bring(inputs, context, report, binary, request)
    else:
        _take_up(inputs, client, report, request)
    if report.dry_run:
        tell_plan(inputs, client, report, request)
    elif inputs.wait != "none":
        _wait_and_give(inputs, client, report, request)
    for line in report.what_comes_next():
        log.info("%s", line)


def _bring(
    inputs: Inputs, context: Context, report: UploadReport, binary: Binary, request: DistributionRequest
) -> None:
    """Check a file and upload it until App Store Connect has it whole."""
    client = context.client
    assert client
    with Source(binary.path) as source:
        with report.timeline.phase("Check"):
            report.reference = reference = reference_of_file(client, inputs, binary)
            status = _check(inputs, client, report, request, source)
        if gap := compliance_gap(request, destination(reference)):
            log.warning("%s", gap)
        if report.dry_run:
            tell_upload(inputs, client, report, status)
            return
        with report.timeline.phase("Upload"), context.storage(client, inputs.parallel_parts) as storage:
            display = partial(progress.transfer, "Uploaded")
            uploader = Uploader(client, storage, inputs.parallel_parts, IfExists(inputs.if_exists), display)
            uploaded = uploader.upload(source, reference.number, binary.uti, status)
        report.sent, report.resumed = uploaded.sent, uploaded.resumed
        if uploaded.sent:
            log.info("Sent %s", report.sent_in_words())
        report.upload_id, report.state = uploaded.upload.id, uploaded.upload.state
        # A step that waits sees it in its polls.
        if inputs.wait == "none" and uploaded.upload.state == PROCESSING:
            check_received(client, reference.number, uploaded.upload.id)
        target = WatchedBuild(reference.number, uploaded.upload.id, uploaded.upload.build_id)
        report.reference = replace(reference, target=target)


def _check(
    inputs: Inputs, client: Client, report: UploadReport, request: DistributionRequest, source: Source
) -> UploadStatus:
    """Return the status of the upload. Raises all problems of file, number, groups and review together."""
    assert report.reference
    number, findings, warning = report.reference.number, Findings(), ""
    # The reads are independent, and each takes about half a second at Apple.
    with ThreadPoolExecutor(2) as pool:
        reading_train = pool.submit(read_train, client, number)
        reading_app = pool.submit(preflight, client, request, destination(report.reference))
        # A check that fails has a default as its result, so that the problems of the others are told as well.
        if_exists = IfExists(inputs.if_exists)
        status = findings.result_of(lambda: assess(client, number, source, if_exists), UploadStatus())
        report.app_state = app_state = findings.result_of(reading_app.result, None)
        train = findings.result_of(reading_train.result, Train())
    # A rerun of a finished upload sends no file, so a train that was closed since does not matter to it.
    if not status.is_there:
        warning = findings.result_of(lambda: check_train(train, number), "")
    if app_state:
        findings.result_of(lambda: _check_availability(inputs, request, app_state), None)
    findings.raise_all()
    if warning:
        log.warning("%s", warning)
    return status


def _take_up(inputs: Inputs, client: Client, report: UploadReport, request: DistributionRequest) -> None:
    """Find the build of an earlier job. If its app is unknown, the checks follow once the build is there."""
    with report.timeline.phase("Check"):
        report.reference = reference = reference_of_ids(client, inputs)
        report.upload_id = reference.target.upload_id
        # Groups and texts belong to an app, and the record of an upload does not name its app.
        if reference.app.id:
            report.app_state = preflight(client, request, destination(reference))


def _wait_and_give(
    inputs: Inputs, client: Client, report: UploadReport, request: DistributionRequest
) -> None:
    assert report.reference
    # The watch is made here, because `timeout` counts from the end of the upload.
    watch = Watch(client, report.reference.target, inputs.timeout)
    try:
        _follow(inputs, client, report, request, watch)
    finally:
        # The state that ended the wait belongs to the summary, too.
        report.seen = watch.seen


def _follow(
    inputs: Inputs, client: Client, report: UploadReport, request: DistributionRequest, watch: Watch
) -> None:
    assert report.reference
    with report.timeline.phase("Processing at Apple"):
        report.seen = watch.until(_reached(inputs))
    _tell_warnings(client, report)
    # Nothing is to be written to the build, so an accepted upload is enough, and there may be no build yet.
    if inputs.wait == "upload" and not inputs.asked_of_the_build():
        _judge(client, report, request, watch)
        return
    build = report.seen.build
    assert build
    # The id of an upload does not tell its app, so the checks may have to wait for the build.
    report.app_state = app_state = report.app_state or preflight(
        client, request, destination(report.reference, report.seen)
    )
    # Then earlier builds expire at the end, when testers can install this one and need the others no more.
    available = inputs.wait == "available"
    with report.timeline.phase("Distribution"):
        outcome = distribute(
            client, request, app_state, build, report.done.append, available, deadline=watch.deadline
        )
        _tell(outcome, report)
        if report.done:
            _confirm(client, report, app_state, report.done, lambda: watch.until(_reached(inputs)))
    _judge(client, report, request, watch)
    if available:
        # Again, with the build's own state: a build that Apple approved before needs no submission.
        _check_availability(inputs, request, app_state, report.seen.build)
        with report.timeline.phase("Until testers have it"):
            outside = goes_outside(request, app_state)
            report.seen = watch.until(lambda seen: is_installable(seen, outside))
            _expire(client, report, request, app_state, report.seen.build or build)


def _expire(
    client: Client, report: UploadReport, request: DistributionRequest, app_state: AppState, build: Build
) -> None:
    """Expire earlier builds as requested. Raises Error if Apple accepts that and does not do it."""
    before = len(report.done)
    _tell(expire_previous(client, request, app_state, build, report.done.append), report)
    if expired := report.done[before:]:
        _confirm(client, report, app_state, expired, lambda: report.seen)


def _confirm(
    client: Client,
    report: UploadReport,
    app_state: AppState,
    done: Sequence[Change],
    look: Callable[[], BuildSnapshot],
) -> None:
    """Read the build after the changes. Raises Error for those that it does not show, which leave the report."""

    def missing() -> list[Change]:
        report.seen = look()
        assert report.seen.build
        return not_made(client, done, app_state, report.seen.build)

    if left := look_until(client, missing, lambda left: not left):
        report.done[:] = [change for change in report.done if change not in left]
        # The groups were told as served. Without this line they are worked out from the changes that are left.
        report.groups = ()
        raise accepted_only(left)


def _judge(client: Client, report: UploadReport, request: DistributionRequest, watch: Watch) -> None:
    """Report audiences that can never get the build. Raises Error if groups or testers are named and none can."""
    answered = any(change.kind == "compliance" for change in report.done)
    # Apple takes a moment until its states follow from an answer.
    for pause in SETTLING if answered else ():
        build = report.seen.build
        if not build or MISSING_COMPLIANCE not in kept_out(request, report.app_state, build).values():
            break
        client.pause(pause)
        report.seen = watch.look()
    if report.seen.build and (warning := check_reached(request, report.app_state, report.seen.build)):
        report.kept_out = warning
        log.warning("%s", warning)


def _reached(inputs: Inputs) -> Callable[[BuildSnapshot], bool]:
    """Return the condition to wait for before the build is changed."""
    if inputs.wait != "upload":
        return is_processed
    return has_build if inputs.asked_of_the_build() else is_taken


def _tell(outcome: DistributionResult, report: UploadReport) -> None:
    """Log the notes of a distribution, and keep its groups."""
    report.groups = tuple(dict.fromkeys((*report.groups, *outcome.groups)))
    for note in outcome.notes:
        log.info("%s", note)


def _check_availability(
    inputs: Inputs, request: DistributionRequest, app_state: AppState, build: Build | None = None
) -> None:
    """Raise InputError if the inputs wait for external testers but skip the beta review."""
    # Before there is a build, the review counts as needed.
    state = build.external_state if build else "READY_FOR_BETA_SUBMISSION"
    waits = inputs.wait == "available" and goes_outside(request, app_state)
    if waits and not request.submit_review and state == "READY_FOR_BETA_SUBMISSION":
        reason = "is false, but wait: available waits for external testers, and they need the beta review"
        remedy = "Leave submit-beta-review at true, or wait: processing."
        raise InputError([Problem("submit-beta-review", reason, remedy)])


def _tell_warnings(client: Client, report: UploadReport) -> None:
    # Apple only mails the warnings about an upload that it accepts.
    if not report.upload_id:
        return
    try:
        report.warnings = record.read(client, report.upload_id).warnings
    except ApiError as error:
        # The warnings are an extra: the upload is whole, so the step goes on without them.
        log.debug("Apple's warnings cannot be read: %s", error.message)
    for warning in report.warnings:
        log.warning("Apple warns: %s (%s)", warning.text, warning.code)


COMMAND = Command(
    name="upload-testflight",
    summary="Upload a build to TestFlight, wait for Apple, and give it to testers.",
    description=(
        "Uploads an .ipa or .pkg through App Store Connect's REST API (no Xcode, no Transporter: any runner does), "
        "waits until Apple has processed it, and gives it to groups and testers. A second run continues at the point "
        "of failure and never uploads the same build number twice. A build that Apple refuses fails the step with "
        "Apple's reasons."
    ),
    role="App Manager or Admin (Developer is enough without groups and testers)",
    icon="upload-cloud",
    example="""\
- uses: OWNER/REPO/actions/upload-testflight@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    file: build/*.ipa
    whats-new: |
      en-US: Faster start.
      de-DE: Schnellerer Start.
    groups: QA, Beta testers
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
