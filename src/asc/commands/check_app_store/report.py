"""Report findings about a store page: as annotations, in the log, in the summary, and as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from asc.commands.context import Context
from asc.errors import Error
from asc.job import summary, workflow
from asc.store.wanted import APPLE, Finding
from asc.words import sentence

log = logging.getLogger(__name__)

MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step; the summary has all."""


def with_levels(findings: Iterable[Finding], levels: Mapping[str, str]) -> list[Finding]:
    """Return the findings with the levels that were asked for, errors first, without the skipped ones."""
    named = {"warn": "warning", "error": "error"}
    kept = [
        replace(finding, level=named[levels[finding.rule]]) if finding.rule in levels else finding
        # Two rules may find one fault, for example in a set of files and in the set at Apple.
        for finding in dict.fromkeys(findings)
        if levels.get(finding.rule) != "skip"
    ]
    return sorted(kept, key=lambda finding: finding.level != "error")


def tell(context: Context, findings: Sequence[Finding], checked: str) -> None:
    """Print each finding at its file and line, and put a table of all into the summary."""
    counts = {"error": 0, "warning": 0}
    for finding in findings:
        counts[finding.level] += 1
        # GitHub drops annotations past a limit, so the rest is in the log.
        if context.job.in_job and counts[finding.level] <= MOST_ANNOTATIONS:
            _annotate(finding)
        else:
            log.info("%s: %s: %s (%s)", finding.place, finding.level, _text(finding), finding.rule)
    context.summary.append(summary.heading("Store page"))
    if not findings:
        log.info("Nothing is wrong with %s", checked)
        context.summary.append(summary.paragraph(f"Nothing is wrong with {checked}."))
        return
    rows = [
        (finding.level, finding.place, finding.message, finding.remedy, finding.rule) for finding in findings
    ]
    context.summary.append(summary.table(("Level", "Place", "What", "What to do", "Rule"), rows))


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as the output `report` has them."""
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
    return json.dumps(report, ensure_ascii=False)


def fail(findings: Sequence[Finding], fail_on: str) -> None:
    """Raise Error if there is a finding of the level that fails the step, or of a higher one."""
    failing = {"error": ("error",), "warning": ("error", "warning"), "never": ()}[fail_on]
    failing_findings = [finding for finding in findings if finding.level in failing]
    if not failing_findings:
        return
    # The others stand in annotations, and in the log where GitHub drops annotations.
    first = failing_findings[0]
    more = f", and {len(failing_findings) - 1} more" if len(failing_findings) > 1 else ""
    raise Error(f"{first.place}: {first.message}{more}.", first.remedy)


def _annotate(finding: Finding) -> None:
    place = finding.place
    # App Store Connect is no file: such an annotation stands at the step.
    file = "" if place == APPLE else place.file
    workflow.annotate(finding.level, finding.rule, _text(finding), file=file, line=place.line)


def _text(finding: Finding) -> str:
    return f"{sentence(finding.message)} {finding.remedy}"
