"""check-app-store: say what Apple, or a reviewer, would refuse of a store page."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asc import words
from asc.api.platforms import PLATFORMS
from asc.commands import kinds, store_files
from asc.commands.context import Context
from asc.commands.declaration import Command, CommonInputs, flag, given, output
from asc.commands.naming import PLATFORM
from asc.errors import Error, InputError, Problem
from asc.job import summary, workflow
from asc.store.checks import check_page
from asc.store.precheck import RULES, UNPLAYED, Watched, check_style, check_words
from asc.store.precheckfile import LEVELS, Precheckfile, read_precheckfile
from asc.store.wanted import Finding, WantedPage

log = logging.getLogger(__name__)

FILES, WHAT = "Files", "Checks"
PRECHECKFILE = "fastlane/Precheckfile"
OURS = (
    *("limits", "characters", "keywords", "same-text", "categories", "review-information", "age-rating"),
    *(
        "unknown-locale",
        "two-folders",
        "unknown-file",
        "unknown-key",
        "encoding",
        "symlink",
        "syntax",
        "twice",
        "not-a-text",
        "too-large",
        "unreadable",
    ),
    *("image", "preview", "size", "extension", "too-many", "duplicate", "default", "precheckfile"),
)
"""Rules beside those of precheck."""
MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step; the summary has all."""


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The folders to check, and the rules with their levels."""

    metadata: str | None = given(
        kinds.PATH,
        "fastlane's metadata folder, or one YAML file with the same names; `none` for no file. Without it, "
        f"`{store_files.METADATA}` if it is there.",
        group=FILES,
        examples=(store_files.METADATA, "store.yml"),
    )
    screenshots: str | None = given(
        kinds.PATH,
        "fastlane's screenshots folder; `none` for none. Without it, "
        f"`{store_files.SCREENSHOTS}` if it is there.",
        group=FILES,
        examples=(store_files.SCREENSHOTS,),
    )
    previews: str | None = given(
        kinds.PATH,
        "Folder of app previews, `<locale>/*.mp4`; a name holds the type, like `IPHONE_67`.",
        group=FILES,
    )
    platform: str = given(PLATFORM, "Platform of the screenshots.", group=FILES, default="ios")
    unknown_folders: str = given(
        kinds.choice(("error", "warn")),
        "What happens if a folder in `metadata` is named like no locale.",
        group=FILES,
        default="error",
    )
    rules: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Level of single rules: `error`, `warn` or `skip`. The names of precheck's rules are fastlane's; `default` "
        "is for all of them. They beat a Precheckfile.",
        group=WHAT,
        examples=("test_words: skip",),
    )
    precheckfile: str | None = given(
        kinds.PATH,
        f"fastlane's Precheckfile; `none` for none. Without it, `{PRECHECKFILE}` if it is there.",
        group=WHAT,
    )
    forbidden_words: tuple[str, ...] | None = given(
        kinds.LIST, "Words that no text may have (precheck's `custom_text`).", group=WHAT
    )
    urls: bool = given(
        kinds.BOOLEAN,
        "Ask for each address of the page whether it answers. Only addresses of the public internet are asked for.",
        group=WHAT,
        default="true",
    )
    fail_on: str = given(
        kinds.choice(("error", "warning", "never")),
        "From which level on the step fails.",
        group=WHAT,
        default="error",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield rules and levels that do not exist."""
        known = (*RULES, *UNPLAYED, *OURS, "default")
        for rule, level in (self.rules or {}).items():
            if rule not in known:
                hint = words.did_you_mean(rule, known).strip() or f"Choose from {', '.join(known)}."
                yield Problem("rules", f"{kinds.quoted(rule)} is not a rule", hint)
            if level not in LEVELS:
                yield Problem("rules", f"{rule} is {kinds.quoted(str(level))}", f"Give {', '.join(LEVELS)}.")


@dataclass(frozen=True)
class Outputs:
    """Counts of findings, the report, and whether the page is ready."""

    errors: str = output("How many errors were found: what Apple refuses.")
    warnings: str = output("How many warnings were found: what Apple or a reviewer may refuse.")
    report: str = output("All findings as a JSON list: `rule`, `level`, `message`, `file`, `line`, `fix`.")
    ready: str = output("`true` if there is no error.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the files, check them, and tell each finding at its file and line."""
    page = store_files.metadata_in(inputs.metadata, inputs.unknown_folders)
    for secret in page.secrets:
        context.hide(secret)
    shots = store_files.screenshots_in(inputs.screenshots, PLATFORMS[inputs.platform])
    videos = store_files.previews_in(inputs.previews, PLATFORMS[inputs.platform])
    precheck = _precheckfile(inputs)
    watched = Watched(context.now().year, (*(inputs.forbidden_words or ()), *precheck.words))
    page = _dated(page, watched.year)
    found = [
        *check_page(page),
        *shots.findings,
        *videos.findings,
        *check_words(page, watched),
        *check_style(page),
    ]
    levels = _levels(inputs, precheck)
    if inputs.urls and levels.get("unreachable_urls") != "skip":
        from asc.store.addresses import check_addresses

        found += check_addresses(page)
    findings = _leveled([*found, *precheck.findings], levels)
    if not (page.texts or page.default or page.copyright or shots.files or findings):
        # A green step has to mean that something was checked.
        reason = "there are no files to check in fastlane/metadata and fastlane/screenshots"
        remedy = "Set metadata or screenshots to the folders of the store page."
        raise InputError([Problem("metadata", reason, remedy)])
    _tell(context, findings)
    outputs = _outputs(findings)
    context.outputs = outputs
    _fail(findings, inputs.fail_on)
    return outputs


def _dated(page: WantedPage, year: int) -> WantedPage:
    text = page.copyright
    return (
        replace(page, copyright=replace(text, value=text.value.replace("{year}", str(year))))
        if text
        else page
    )


def _precheckfile(inputs: Inputs) -> Precheckfile:
    if inputs.precheckfile == store_files.NONE:
        return Precheckfile()
    path = Path(inputs.precheckfile or PRECHECKFILE)
    return read_precheckfile(path) if inputs.precheckfile or path.is_file() else Precheckfile()


def _levels(inputs: Inputs, precheck: Precheckfile) -> dict[str, str]:
    given_ = dict(inputs.rules or {})
    default = given_.pop("default", None)
    return {**precheck.levels, **(dict.fromkeys(RULES, default) if default else {}), **given_}


def _leveled(findings: Sequence[Finding], levels: Mapping[str, str]) -> list[Finding]:
    """Return the findings with the levels that were asked for, errors first, without those that are skipped."""
    named = {"warn": "warning", "error": "error"}
    kept = [
        replace(finding, level=named[levels[finding.rule]]) if finding.rule in levels else finding
        for finding in findings
        if levels.get(finding.rule) != "skip"
    ]
    return sorted(kept, key=lambda finding: finding.level != "error")


def _tell(context: Context, findings: Sequence[Finding]) -> None:
    shown = {"error": 0, "warning": 0}
    for finding in findings:
        text = f"{finding.message}. {finding.remedy}"
        shown[finding.level] += 1
        if context.job.in_job and shown[finding.level] <= MOST_ANNOTATIONS:
            workflow.annotate(
                finding.level,
                finding.rule,
                text,
                file=_in_workspace(finding.place.file),
                line=finding.place.line,
            )
        else:
            log.info("%s: %s: %s (%s)", finding.place, finding.level, text, finding.rule)
    context.summary.append(summary.heading("Store page"))
    if not findings:
        log.info("Nothing is wrong with the files")
        context.summary.append(summary.paragraph("Nothing is wrong with the files."))
        return
    rows = [
        (finding.level, finding.place, finding.message, finding.remedy, finding.rule) for finding in findings
    ]
    context.summary.append(summary.table(("Level", "Place", "What", "What to do", "Rule"), rows))


def _in_workspace(file: str) -> str:
    """Return a path as GitHub finds it in the repository."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _outputs(findings: Sequence[Finding]) -> Outputs:
    report = [
        {
            "rule": finding.rule,
            "level": finding.level,
            "message": finding.message,
            "file": finding.place.file,
            "line": finding.place.line,
            "fix": finding.remedy,
        }
        for finding in findings
    ]
    errors = sum(finding.level == "error" for finding in findings)
    return Outputs(
        errors=str(errors),
        warnings=str(len(findings) - errors),
        report=json.dumps(report, ensure_ascii=False),
        ready=flag(errors == 0),
    )


def _fail(findings: Sequence[Finding], fail_on: str) -> None:
    """Raise Error if there is a finding of the level that fails the step, or of a higher one."""
    failing = {"error": ("error",), "warning": ("error", "warning"), "never": ()}[fail_on]
    found = [finding for finding in findings if finding.level in failing]
    if found:
        first = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise Error(f"{first.place}: {first.message}{more}.", first.remedy)


COMMAND = Command(
    name="check-app-store",
    summary="Check the files of a store page for what Apple or a reviewer would refuse.",
    description=(
        "Checks texts and screenshots of a repository without a key, so that it runs on pull requests, also of forks. "
        "Each finding is an annotation at its file and line. It has the rules of fastlane's precheck under their "
        "names."
    ),
    role="none",
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
