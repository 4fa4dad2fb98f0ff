"""upload-testflight: from a file to testers' phones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from asc.api.apps import App
from asc.api.client import Client
from asc.api.errors import ApiError
from asc.builds.binary import Binary
from asc.builds.distribution.apply import Outcome, distribute, expire_previous, planned
from asc.builds.distribution.audience import MISSING_COMPLIANCE, check_reached, compliance_gap, kept_out
from asc.builds.distribution.ground import Destination, Ground, goes_outside
from asc.builds.distribution.preflight import preflight
from asc.builds.distribution.sending import SETTLING
from asc.builds.distribution.state import BuildState, fetch
from asc.builds.distribution.wishes import Wishes
from asc.builds.finding import find_build
from asc.builds.upload import record
from asc.builds.upload.source import Source
from asc.builds.upload.standing import IfExists, Standing, assess, taken
from asc.builds.upload.train import Train, check_train, read_train
from asc.builds.upload.uploading import Uploader
from asc.builds.waiting import Seen, Target, Watch, has_build, is_installable, is_processed, is_taken
from asc.commands.context import Context
from asc.commands.declaration import Command
from asc.commands.upload_testflight.asking import wishes_of
from asc.commands.upload_testflight.inputs import Inputs
from asc.commands.upload_testflight.story import Outputs, Story
from asc.commands.upload_testflight.subject import Subject, read_file, subject_of_file, subject_of_ids
from asc.errors import Error, Findings, InputError, Problem
from asc.job import progress

log = logging.getLogger(__name__)


def run(inputs: Inputs, context: Context) -> Outputs:
    """Checks everything, uploads, waits and distributes; what is known is told also where that fails."""
    story = Story(dry_run=inputs.dry_run)
    try:
        _work(inputs, context, story)
    finally:
        if story.upload_id or story.build_id:  # something is there that a later step can go on with
            context.outputs = story.outputs()
        context.summary.append(story.summary())
    return story.outputs()


def _work(inputs: Inputs, context: Context, story: Story) -> None:
    wishes, changed = wishes_of(inputs)
    if wishes.review_info and wishes.review_info.demo_account_password:
        context.hide(wishes.review_info.demo_account_password)
    for change in changed:
        log.warning("whats-new: %s", change)
    binary = read_file(inputs) if inputs.file else None
    client = context.connect(inputs)
    if binary:
        _bring(inputs, context, story, binary, wishes)
    else:
        _take_up(inputs, client, story, wishes)
    if story.dry_run:
        _tell_plan(inputs, client, story, wishes)
    elif inputs.wait != "none":
        _wait_and_give(inputs, client, story, wishes)
    for line in story.what_comes_next():
        log.info("%s", line)


def _bring(inputs: Inputs, context: Context, story: Story, binary: Binary, wishes: Wishes) -> None:
    """From a file to an upload that App Store Connect has whole."""
    client = context.client
    assert client
    with Source(binary.path) as source:
        with story.timeline.phase("Check"):
            story.subject = subject = subject_of_file(client, inputs, binary)
            with ThreadPoolExecutor(2) as pool:
                training = pool.submit(read_train, client, subject.number)
                grounding = pool.submit(preflight, client, wishes, _destination(subject))
                found, warning = Findings(), ""
                standing = found.of(
                    lambda: assess(client, subject.number, source, IfExists(inputs.if_exists)), Standing()
                )
                story.ground = ground = found.of(grounding.result, None)
                train = found.of(training.result, Train())
                if not standing.is_there:
                    warning = found.of(lambda: check_train(train, subject.number), "")
                if ground:
                    found.of(lambda: _check_availability(inputs, wishes, ground), None)
                found.tell()
        if warning:
            log.warning("%s", warning)
        if gap := compliance_gap(wishes, _destination(subject)):
            log.warning("%s", gap)
        if story.dry_run:
            story.state = standing.upload.state if standing.upload else ""
            if not standing.upload and find_build(client, subject.number) and inputs.if_exists != "skip":
                raise taken(
                    client, subject.number, IfExists(inputs.if_exists), "by a build that came another way"
                )
            log.info("Would upload %s as %s%s", binary.path.name, subject.number, _so_far(standing))
            return
        with story.timeline.phase("Upload"), context.storage(client, inputs.parallel_parts) as storage:
            display = partial(progress.transfer, "Uploaded")
            uploader = Uploader(client, storage, inputs.parallel_parts, IfExists(inputs.if_exists), display)
            uploaded = uploader.upload(source, subject.number, binary.uti, standing)
        story.sent, story.resumed = uploaded.sent, uploaded.resumed
        if uploaded.sent:
            log.info("Sent %s", story.sent_in_words())
        story.upload_id, story.state = uploaded.upload.id, uploaded.upload.state
        target = Target(subject.number, uploaded.upload.id, uploaded.upload.build_id)
        story.subject = replace(subject, target=target)


def _take_up(inputs: Inputs, client: Client, story: Story, wishes: Wishes) -> None:
    """What an earlier job brought. Where the app is not known yet, the rest is looked at when the build is there."""
    with story.timeline.phase("Check"):
        story.subject = subject = subject_of_ids(client, inputs)
        story.upload_id = subject.target.upload_id
        if subject.app.id:
            story.ground = preflight(client, wishes, _destination(subject))


def _wait_and_give(inputs: Inputs, client: Client, story: Story, wishes: Wishes) -> None:
    assert story.subject
    watch = Watch(client, story.subject.target, inputs.timeout)
    try:
        _follow(inputs, client, story, wishes, watch)
    finally:
        story.seen = watch.seen  # also what ended the wait


def _follow(inputs: Inputs, client: Client, story: Story, wishes: Wishes, watch: Watch) -> None:
    assert story.subject
    with story.timeline.phase("Processing at Apple"):
        story.seen = watch.until(_reached(inputs))
    _tell_warnings(client, story)
    if inputs.wait == "upload" and not inputs.asked_of_the_build():
        _judge(client, story, wishes, watch)
        return
    build = story.seen.build
    assert build
    story.ground = ground = story.ground or preflight(client, wishes, _destination(story.subject, story.seen))
    available = inputs.wait == "available"
    with story.timeline.phase("Distribution"):
        outcome = distribute(
            client, wishes, ground, build, story.done.append, available, deadline=watch.deadline
        )
        _tell(outcome, story)
    if story.done:  # they changed where the build stands
        story.seen = watch.until(_reached(inputs))
    _judge(client, story, wishes, watch)
    if available:
        _check_availability(inputs, wishes, ground, story.seen.build)
        with story.timeline.phase("Until testers have it"):
            outside = goes_outside(wishes, ground)
            story.seen = watch.until(lambda seen: is_installable(seen, outside))
            _tell(
                expire_previous(client, wishes, ground, story.seen.build or build, story.done.append), story
            )


def _judge(client: Client, story: Story, wishes: Wishes, watch: Watch) -> None:
    """Say who can never test the build. Raises Error where groups or testers are named and none of them can."""
    answered = any(change.kind == "compliance" for change in story.done)
    for pause in SETTLING if answered else ():  # Apple takes a moment until its states follow from an answer
        build = story.seen.build
        if not build or MISSING_COMPLIANCE not in kept_out(wishes, story.ground, build).values():
            break
        client.pause(pause)
        story.seen = watch.look()
    if story.seen.build and (warning := check_reached(wishes, story.ground, story.seen.build)):
        story.kept_out = warning
        log.warning("%s", warning)


def _reached(inputs: Inputs) -> Callable[[Seen], bool]:
    """What is waited for before anything is changed of the build."""
    if inputs.wait != "upload":
        return is_processed
    return has_build if inputs.asked_of_the_build() else is_taken


def _tell(outcome: Outcome, story: Story) -> None:
    """What is to be said besides the changes that were made."""
    story.groups = tuple(dict.fromkeys((*story.groups, *outcome.groups)))
    for note in outcome.notes:
        log.info("%s", note)


def _check_availability(
    inputs: Inputs, wishes: Wishes, ground: Ground, build: BuildState | None = None
) -> None:
    """Raises InputError where testers outside can never get the build by what is asked for."""
    state = build.external_state if build else "READY_FOR_BETA_SUBMISSION"
    waits = inputs.wait == "available" and goes_outside(wishes, ground)
    if waits and not wishes.submit_review and state == "READY_FOR_BETA_SUBMISSION":
        reason = "is false, but external testers are waited for, who get the build after beta review"
        remedy = "Leave submit-beta-review at true, or wait: processing."
        raise InputError([Problem("submit-beta-review", reason, remedy)])


def _tell_plan(inputs: Inputs, client: Client, story: Story, wishes: Wishes) -> None:
    """A dry run: what would be changed, of a build that is there already or of the one to come."""
    assert story.subject
    build = _build_there(client, story.subject.target)
    story.seen = Seen(build=build)
    if not build and not story.subject.number.app_id:
        log.info("There is no build of this upload yet; with bundle-id the rest is checked before there is")
        return
    if not build and not story.subject.binary and not story.upload_id:
        raise Error(
            f"There is no build {story.subject.number}, and no upload of it.",
            "Check version and build-number.",
        )
    ground = story.ground or preflight(client, wishes, _destination(story.subject, story.seen))
    story.ground = ground
    plan = planned(client, wishes, ground, build, expire_later=inputs.wait == "available")
    story.planned = plan.changes
    for change in plan.changes:
        log.info("Would %s", change.summary)
    for note in plan.notes:
        log.info("%s", note)
    for warning in plan.warnings:
        log.warning("%s", warning)
    if not plan.changes:
        log.info("Nothing is to be changed of the build")


def _build_there(client: Client, target: Target) -> BuildState | None:
    if target.build_id:
        return fetch(client, target.build_id)
    return find_build(client, target.number) if target.number.app_id else None


def _tell_warnings(client: Client, story: Story) -> None:
    """What Apple says of an upload that it took all the same; otherwise it only mails that."""
    if not story.upload_id:
        return
    try:
        story.warnings = record.read(client, story.upload_id).warnings
    except ApiError as error:
        log.debug("Apple's warnings cannot be read: %s", error.message)
    for warning in story.warnings:
        log.warning("Apple warns: %s (%s)", warning.text, warning.code)


def _destination(subject: Subject, seen: Seen | None = None) -> Destination:
    """The build for which groups, texts and review are looked up."""
    build = seen.build if seen else None
    answered = subject.binary.uses_non_exempt_encryption if subject.binary else None
    return Destination(
        app=subject.app if subject.app.id or not build else App(build.app_id),
        platform=subject.number.platform,
        version=subject.number.version,
        build_number=subject.number.build_number,
        uses_non_exempt_encryption=build.uses_non_exempt_encryption if build else answered,
        compliance_code=subject.binary.compliance_code if subject.binary else "",
        exists=not subject.binary,
    )


def _so_far(standing: Standing) -> str:
    if standing.is_there:
        return ": it is at App Store Connect already"
    return ": an upload was begun, it would go on" if standing.upload and not standing.start_again else ""


COMMAND = Command(
    name="upload-testflight",
    summary="Upload a build to TestFlight, wait for Apple, and give it to testers.",
    description=(
        "Uploads an .ipa or .pkg through App Store Connect's REST API (no Xcode, no Transporter: any runner does), "
        "waits until Apple has processed it, and gives it to groups and testers. Run again, it goes on where it "
        "stopped; there is never a second upload of the same build number. A build that Apple refuses fails the "
        "step, with Apple's reasons."
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
