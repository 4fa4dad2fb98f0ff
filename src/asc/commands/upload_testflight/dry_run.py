"""Tell what a run without dry-run would upload, and what it would change for testers."""

from __future__ import annotations

import logging

from asc.api.client import Client
from asc.builds.build import Build, fetch_build
from asc.builds.finding import find_build
from asc.builds.upload.status import IfExists, UploadStatus, taken
from asc.builds.waiting import BuildSnapshot, WatchedBuild
from asc.changes.apply import log_plan
from asc.commands.upload_testflight.build_reference import destination
from asc.commands.upload_testflight.inputs import Inputs
from asc.commands.upload_testflight.report import UploadReport
from asc.errors import Error
from asc.testflight.distribution import planned
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest

log = logging.getLogger(__name__)


def tell_upload(inputs: Inputs, client: Client, report: UploadReport, status: UploadStatus) -> None:
    """Log the upload that a dry run leaves out. Raises Error if a build without an upload has the number."""
    assert report.reference and report.reference.binary
    number, if_exists = report.reference.number, IfExists(inputs.if_exists)
    report.state = status.upload.state if status.upload else ""
    # A real run learns of such a build from Apple's refusal of the new upload; a dry run has to look for it.
    if not status.upload and if_exists is not IfExists.SKIP and find_build(client, number):
        raise taken(client, number, if_exists, "by a build that was uploaded by other means")
    log.info("Would upload %s as %s%s", report.reference.binary.path.name, number, _so_far(status))


def tell_plan(inputs: Inputs, client: Client, report: UploadReport, request: DistributionRequest) -> None:
    """Log the plan of a dry run, for an existing build or for the one to upload."""
    assert report.reference
    build = _build_there(client, report.reference.target)
    report.seen = BuildSnapshot(build=build)
    if not build and not report.reference.number.app_id:
        log.info("There is no build of this upload yet. Give bundle-id to check the other inputs now")
        return
    if not build and not report.reference.binary and not report.upload_id:
        raise Error(
            f"There is no build {report.reference.number}, and no upload of it.",
            "Check version and build-number.",
        )
    app_state = report.app_state or preflight(client, request, destination(report.reference, report.seen))
    report.app_state = app_state
    plan = planned(client, request, app_state, build, expire_later=inputs.wait == "available")
    report.planned = plan.changes
    log_plan(plan, "The build needs no changes")


def _so_far(status: UploadStatus) -> str:
    if status.is_there:
        return ": App Store Connect has it already"
    return ": continuing an upload that was begun" if status.upload and not status.start_again else ""


def _build_there(client: Client, target: WatchedBuild) -> Build | None:
    if target.build_id:
        return fetch_build(client, target.build_id)
    # Builds can be looked up by number only within an app.
    return find_build(client, target.number) if target.number.app_id else None
