"""download-dsyms: download the symbols that App Store Connect has of builds."""

from __future__ import annotations

import logging
from pathlib import Path

from asc import words
from asc.api.platforms import PLATFORMS
from asc.apps.app import App, find_app_by_id
from asc.builds.symbols.downloading import Downloader, DownloadResult, DownloadTarget, Links
from asc.builds.symbols.missing import await_symbols, missing_now
from asc.builds.symbols.model import archive_names
from asc.builds.symbols.selecting import Selection, select
from asc.commands.context import Context
from asc.commands.declaration import Command
from asc.commands.download_dsyms.inputs import Inputs
from asc.commands.download_dsyms.report import DownloadReport, Outputs
from asc.errors import Error, UnreachableError
from asc.job import progress, workflow
from asc.partial_files import open_folder

log = logging.getLogger(__name__)


def run(inputs: Inputs, context: Context) -> Outputs:
    """Select builds and download their archives. If some fail, the others are still reported."""
    report = DownloadReport(str(Path(inputs.directory).absolute()))
    try:
        _work(inputs, context, report)
    finally:
        if report.app:
            context.outputs = report.outputs()
        context.summary.append(report.summary())
    return report.outputs()


def _work(inputs: Inputs, context: Context, report: DownloadReport) -> None:
    directory = Path(inputs.directory).absolute()
    # A folder that cannot be written to fails before the first request.
    open_folder(directory, context.clock.now())
    client = context.connect(inputs)
    app = inputs.app(client)
    selection = _selection(inputs, app)
    builds = select(client, selection)
    if not builds and inputs.app_id:
        # An unknown id has no builds either.
        find_app_by_id(client, app.id)
    # Set only now, because outputs of an app that does not exist would mislead later steps.
    report.app = app
    report.builds = await_symbols(client, selection, builds, inputs.wait) if inputs.wait else builds
    report.missing = missing_now(client, report.builds)
    _fetch(inputs, context, report, directory)
    # First: a failed download fails the step whatever if-missing says, which is about Apple's gaps.
    _raise_what_failed(report)
    _tell_what_is_missing(inputs, report)


def _selection(inputs: Inputs, app: App) -> Selection:
    return Selection(
        app=app,
        platform=PLATFORMS[inputs.platform] if inputs.platform else None,
        version=inputs.version,
        build_number=inputs.build_number,
        min_version=inputs.min_version,
        uploaded_after=inputs.uploaded_after,
        limit=inputs.limit,
    )


def _fetch(inputs: Inputs, context: Context, report: DownloadReport, directory: Path) -> None:
    assert context.client and report.app
    names = archive_names(report.builds, report.app.bundle_id or f"app-{report.app.id}")
    targets = [
        DownloadTarget(build, bundle, names[bundle.id])
        for build in report.builds
        for bundle in build.bundles
        if bundle.id in names
    ]
    if not targets:
        return
    # More connections than archives would stay unused.
    parallel = min(inputs.parallel_downloads, len(targets))
    several = words.counted(len(targets), "archive")
    with workflow.group(f"Downloading {several}"), context.storage(context.client, parallel) as storage:
        Downloader(
            storage=storage,
            links=Links(context.client, report.builds),
            directory=directory,
            parallel=parallel,
            skip_existing=inputs.skip_existing,
            extract=inputs.extract,
            progress=progress.transfer,
        ).fetch(targets, report.ended.append)
    new = [result for result in report.whole if not result.was_there]
    log.info(
        "Downloaded %d of %s (%s) to %s%s",
        len(new),
        several,
        words.size(sum(result.fetched for result in new)),
        directory,
        f"; {kept} existed before" if (kept := len(report.whole) - len(new)) else "",
    )


def _raise_what_failed(report: DownloadReport) -> None:
    failed: list[DownloadResult] = report.failed
    if not failed:
        return
    first = failed[0].error
    assert first
    if len(failed) == 1:
        raise first
    others = [result.target.name for result in failed[1:]]
    # A new error, because the summary shows the stored one beside its archive.
    kind = UnreachableError if isinstance(first, UnreachableError) else Error
    raise kind(f"{first.message} Also missing: {words.some(others)}.", first.remedy)


def _tell_what_is_missing(inputs: Inputs, report: DownloadReport) -> None:
    if not report.builds:
        text, remedy = (
            "No build was found.",
            "Check version, build-number, platform and the other inputs.",
        )
    elif report.missing:
        named = words.some([str(symbols) for symbols in report.missing], separator="; ")
        text = f"App Store Connect lacks symbols ({len(report.missing)}): {named}."
        remedy = (
            "Upload builds with symbols, or take the dSYMs from the .xcarchive: without bitcode (gone since Xcode 14) "
            "App Store Connect only has what was uploaded. For builds that are being processed, give wait."
        )
    else:
        return
    if inputs.if_missing == "fail":
        raise Error(text, remedy)
    log.log(logging.WARNING if inputs.if_missing == "warn" else logging.INFO, "%s %s", text, remedy)


COMMAND = Command(
    name="download-dsyms",
    summary="Download the dSYMs of builds from App Store Connect, each file once and complete.",
    description=(
        "Downloads the symbols of builds in parallel and resumes broken downloads. Checks every archive before naming "
        "it, reads its UUIDs, and lists builds without symbols with the reason."
    ),
    role="Developer, App Manager or Admin",
    icon="download-cloud",
    example="""\
- uses: OWNER/REPO/actions/download-dsyms@v1
  id: symbols
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    version: latest
- run: sentry-cli debug-files upload --org example --project app "$DSYMS"
  env:
    DSYMS: ${{ steps.symbols.outputs.directory }}
    SENTRY_AUTH_TOKEN: ${{ secrets.SENTRY_AUTH_TOKEN }}
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
