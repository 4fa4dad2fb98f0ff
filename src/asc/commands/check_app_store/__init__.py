"""check-app-store: find the faults of a store page that Apple or a reviewer would refuse."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asc.api.platforms import PLATFORMS
from asc.builds.binary.model import Binary
from asc.builds.binary.reading import read_binary
from asc.commands import store_files
from asc.commands.check_app_store.inputs import PRECHECKFILE, Inputs
from asc.commands.check_app_store.report import as_json, fail, tell, with_levels
from asc.commands.context import Context
from asc.commands.declaration import Command, flag, output
from asc.errors import InputError, Problem
from asc.job import summary
from asc.limited_files import read_limited
from asc.store.checks import check_page
from asc.store.precheck import Watched, check_style, check_words
from asc.store.precheckfile import Precheckfile, read_precheckfile
from asc.store.screenshots import Screenshots
from asc.store.wanted import Finding, Place, WantedPage

if TYPE_CHECKING:
    from asc.store.purchases import Purchase

log = logging.getLogger(__name__)

PRIVACY = "https://appstoreconnect.apple.com/apps/{}/distribution/privacy"


@dataclass(frozen=True)
class Outputs:
    """Counts of findings, the report, and whether the page is ready."""

    errors: str = output("Number of errors: problems that Apple refuses.")
    warnings: str = output("Number of warnings: problems that Apple or a reviewer may refuse.")
    report: str = output("All findings as a JSON list: `rule`, `level`, `message`, `file`, `line`, `fix`.")
    ready: str = output("`true` if there is no error.")
    online: str = output("`true` if the version at Apple was checked as well.")


@dataclass(frozen=True)
class _Files:
    """The files of a repository: texts, pictures, and the binary if it is given."""

    page: WantedPage
    shots: Screenshots
    binary: Binary | None

    @property
    def families(self) -> tuple[str, ...]:
        return self.binary.families if self.binary else ()


def run(inputs: Inputs, context: Context) -> Outputs:
    """Check the files, and the version at Apple as it would be with them. Tell each finding at its place."""
    precheck = _precheckfile(inputs)
    watched = Watched(context.now().year, (*_forbidden(inputs), *precheck.words))
    files, collected = _files(inputs, watched.year)
    # Masked before anything about the page is printed: the review information has a password.
    for secret in files.page.secrets:
        context.hide(secret)
    online = _is_online(inputs, context)
    page, purchases = files.page, tuple["Purchase", ...]()
    if online:
        page, ours, purchases = _at_apple(inputs, context, files)
        collected += ours
    else:
        collected += _without_pictures(inputs, files)
    levels = inputs.levels(precheck.levels)
    collected += [*check_page(page), *check_words(page, watched, purchases), *check_style(page)]
    collected += _addresses(inputs, context, page, levels)
    findings = with_levels([*collected, *precheck.findings], levels)
    if not (online or findings):
        _require_files(files)
    tell(context, findings, "the version" if online else "the files")
    # The outputs are there although the step fails: a later step may read the report.
    context.outputs = outputs = _outputs(findings, online=online)
    fail(findings, inputs.fail_on)
    return outputs


def _require_files(files: _Files) -> None:
    """Raise InputError if there is nothing to check: a green step has to mean that something was checked."""
    page = files.page
    if not (page.texts or page.default or page.copyright or files.shots.files):
        reason = "there are no files to check in fastlane/metadata and fastlane/screenshots"
        remedy = "Set metadata or screenshots to the folders of the store page, or bundle-id and an API key."
        raise InputError([Problem("metadata", reason, remedy)])


def _addresses(
    inputs: Inputs, context: Context, page: WantedPage, levels: Mapping[str, str]
) -> list[Finding]:
    # A rule that is skipped must not send requests to the page's addresses.
    if not inputs.urls or levels.get("unreachable_urls") == "skip":
        return []
    # A check without addresses starts faster without the web client.
    from asc.store.addresses import check_addresses

    return check_addresses(page, context.job.ca_bundle)


def _outputs(findings: Sequence[Finding], *, online: bool) -> Outputs:
    errors = sum(finding.level == "error" for finding in findings)
    return Outputs(
        errors=str(errors),
        warnings=str(len(findings) - errors),
        report=as_json(findings),
        ready=flag(errors == 0),
        online=flag(online),
    )


def _is_online(inputs: Inputs, context: Context) -> bool:
    """Return whether the version at Apple is checked. Says so if a key is missing for it."""
    if inputs.online != "auto":
        # With true, a key that is missing is an error of its own.
        return inputs.online == "true"
    if not (inputs.bundle_id or inputs.app_id):
        return False
    if context.has_key(inputs):
        return True
    log.warning("There is no API key: only the files are checked. %s", context.job.why_no_secrets or "")
    return False


def _at_apple(
    inputs: Inputs, context: Context, files: _Files
) -> tuple[WantedPage, list[Finding], tuple[Purchase, ...]]:
    """Return the page as it would be with the files, the findings about the version, and its purchases."""
    # Without a key the step starts faster without the client.
    from asc.commands.check_app_store import online

    client = context.connect(inputs)
    candidate = online.candidate(client, inputs, context.now(), files.page, files.shots, files.families)
    # The page at Apple may hold another password than the files.
    for secret in candidate.page.secrets:
        context.hide(secret)
    privacy = PRIVACY.format(candidate.app.id)
    log.info("Apple's API does not say whether the answers about app privacy are published. See %s", privacy)
    context.summary.append(summary.paragraph(f"Not checked, as no API has it: {privacy}"))
    findings = online.findings(candidate, files.binary, live=inputs.target == "live")
    return candidate.page, findings, candidate.purchases or ()


def _files(inputs: Inputs, year: int) -> tuple[_Files, list[Finding]]:
    """Return the files, and the findings about pictures and videos."""
    page = store_files.metadata_in(inputs.metadata, inputs.unknown_folders).with_year(year)
    platform = PLATFORMS[inputs.platform]
    shots = store_files.screenshots_in(inputs.screenshots, platform)
    videos = store_files.previews_in(inputs.previews, platform)
    binary = read_binary(Path(inputs.file)) if inputs.file else None
    return _Files(page, shots, binary), [*shots.findings, *videos.findings]


def _without_pictures(inputs: Inputs, files: _Files) -> Iterator[Finding]:
    """Yield a warning for each device of the binary without pictures in the folder; Apple may have them already."""
    from asc.store.readiness import missing_displays

    filled = {display for _, display in files.shots.by_set()}
    if files.binary and filled:
        place = Place(str(inputs.file))
        for finding in missing_displays(filled, files.families, files.binary.platform):
            yield replace(finding, level="warning", place=place)


def _forbidden(inputs: Inputs) -> tuple[str, ...]:
    """Return the words of the input and of its file. Raises InputError for a file that cannot be read."""
    words = inputs.forbidden_words or ()
    # The file keeps a long list, or one that nobody wants to read in a workflow, out of it.
    if not inputs.forbidden_words_file:
        return words
    try:
        # A byte order mark, which editors on Windows write, would belong to the first word.
        lines = read_limited(Path(inputs.forbidden_words_file)).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{inputs.forbidden_words_file} cannot be read: {error}"
        raise InputError(
            [Problem("forbidden-words-file", reason, "Name a text file in UTF-8, one word a line.")]
        ) from None
    return (*words, *(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")))


def _precheckfile(inputs: Inputs) -> Precheckfile:
    if inputs.precheckfile == store_files.NONE:
        return Precheckfile()
    path = Path(inputs.precheckfile or PRECHECKFILE)
    return read_precheckfile(path) if inputs.precheckfile or path.is_file() else Precheckfile()


COMMAND = Command(
    name="check-app-store",
    summary="Check a store page for problems that Apple or a reviewer would refuse.",
    description=(
        "Checks texts and screenshots of a repository without a key, so it also runs on pull requests "
        "from forks. With a key it also checks the version at Apple for everything that Apple would "
        "refuse at the submission. Each finding is an annotation at its file and line. It has the rules "
        "of fastlane's precheck with the same names."
    ),
    role="Developer, App Manager or Admin (no key for files alone)",
    icon="check-square",
    example="""\
- uses: OWNER/REPO/actions/check-app-store@v1
  with:
    metadata: fastlane/metadata
    screenshots: fastlane/screenshots
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
