"""The plan of submit-app-store: all that is checked before the first write, and the writes that are left."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asc.api.client import Client
from asc.builds.build import Build
from asc.commands.submit_app_store.inputs import Inputs
from asc.errors import Error
from asc.store.candidate import read_candidate
from asc.store.checks import as_error, check_page
from asc.store.items import Item, choose_purchases, read_items
from asc.store.precheck import Watched, check_style, check_words
from asc.store.preparing import Preparation, Step, plan_preparation, problems
from asc.store.purchases import Purchase, read_purchases
from asc.store.readiness import check_candidate
from asc.store.submission import DRAFT, Submission
from asc.store.version import SUBMITTED, StoreVersion
from asc.store.wanted import Finding
from asc.words import sentence, some

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SubmissionPlan:
    """The writes of a submission. blocking: the submission to withdraw first. draft: the one to continue."""

    version: StoreVersion
    preparation: Preparation
    items: tuple[Item, ...]
    blocking: Submission | None
    draft: Submission | None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The writes that prepare the version for review, in their order."""
        return plan_preparation(self.version, self.preparation)

    @property
    def new_items(self) -> list[Item]:
        """The items that the draft does not hold yet."""
        held = self.draft.others if self.draft else ()
        return [item for item in self.items if item not in held]

    def lines(self) -> Iterator[str]:
        """Yield the plan, one write a line."""
        if self.blocking:
            yield f"withdraw the submission {self.blocking.id} ({self.blocking.state})"
        yield from (step.summary for step in self.steps)
        yield from (f"add {item}" for item in self.new_items)
        yield f"submit {self.version}"


def make_plan(
    client: Client,
    inputs: Inputs,
    app_id: str,
    versions: Sequence[StoreVersion],
    version: StoreVersion,
    build: Build | None,
    submissions: Sequence[Submission],
    now: datetime,
) -> SubmissionPlan:
    """Return the plan. Raises Error with everything that Apple would refuse; nothing was written then.

    `submissions` of the version's platform are not over.
    """
    prepared = _prepared(inputs, build)
    purchases = tuple(read_purchases(client, app_id)) if inputs.in_app_purchases else ()
    chosen, findings = choose_purchases(purchases, inputs.in_app_purchases or ())
    items = tuple(dict.fromkeys([*chosen, *(inputs.items or ())]))
    # The checks include the problems of the preparation.
    if inputs.checks:
        submitted = _owners(purchases, items)
        findings += _checked(client, app_id, versions, version, prepared, now, submitted)
    else:
        findings += problems(version, prepared, is_first=len(versions) == 1, now=now)
    _refuse(findings)
    draft = next((submission for submission in submissions if submission.state == DRAFT), None)
    if draft and not inputs.include_draft_items:
        _check_draft(draft, items)
    blocking = _blocking(inputs, version, submissions)
    return SubmissionPlan(version, prepared, items, blocking, draft)


def _prepared(inputs: Inputs, build: Build | None) -> Preparation:
    kind, date = inputs.release or ("", None)
    phased = None if inputs.phased == "keep" else inputs.phased == "true"
    return Preparation(build, inputs.uses_non_exempt_encryption, kind, date, phased)


def _refuse(findings: Sequence[Finding]) -> None:
    """Raise Error with all findings that are errors, after a warning for each other one."""
    for finding in findings:
        if finding.level == "warning":
            log.warning("%s %s", sentence(finding.message), finding.remedy)
    if refused := [finding for finding in findings if finding.level == "error"]:
        raise as_error(refused)


def require_submitted(
    client: Client, inputs: Inputs, app_id: str, version: StoreVersion, open_submission: Submission | None
) -> None:
    """Raise Error if a purchase or another item that is asked for did not go along with a submitted version.

    An approved version has no open submission, so the states of its purchases decide.
    """
    if not (inputs.in_app_purchases or inputs.items):
        return
    purchases = read_purchases(client, app_id) if inputs.in_app_purchases else []
    chosen, findings = choose_purchases(purchases, inputs.in_app_purchases or ())
    if findings:
        raise as_error(findings)
    held = read_items(client, open_submission.id) if open_submission else []
    if version.state in SUBMITTED:
        chosen += inputs.items or ()
    if missing := [str(item) for item in chosen if item not in held]:
        raise Error(
            f"Version {version.version} is {version.state}, and its submission does not hold {some(missing)}.",
            "Withdraw the version (action: withdraw) and submit it again with them, or leave them to the next version.",
        )


def _checked(
    client: Client,
    app_id: str,
    versions: Sequence[StoreVersion],
    version: StoreVersion,
    prepared: Preparation,
    now: datetime,
    submitted: frozenset[str],
) -> list[Finding]:
    """Return the findings of check-app-store about the version at Apple, but for addresses.

    A runner behind a firewall reaches few of them, and a submission must not wait for a web server.
    """
    at_apple = read_candidate(client, app_id, versions, version, prepared, now)
    candidate = replace(at_apple, submitted=submitted)
    words = check_words(candidate.page, Watched(now.year), candidate.purchases or ())
    findings = [
        *check_candidate(candidate),
        *check_page(candidate.page),
        *words,
        *check_style(candidate.page),
    ]
    # The checks of the version and those of its page may find the same fault.
    return list(dict.fromkeys(findings))


def _owners(purchases: Sequence[Purchase], items: Sequence[Item]) -> frozenset[str]:
    ids = {item.id for item in items}
    return frozenset(purchase.id for purchase in purchases if purchase.version_id in ids)


def _check_draft(draft: Submission, items: Sequence[Item]) -> None:
    """Raise Error if a draft holds other items than these: they would be submitted with it."""
    # A run that was cut off left our own items there.
    foreign = [str(item) for item in draft.others if item not in items]
    if foreign:
        raise Error(
            f"A draft submission holds other items: {some(foreign)}.",
            "Submit or remove them in App Store Connect, or set include-draft-items: true to submit them as well.",
        )


def _blocking(inputs: Inputs, version: StoreVersion, submissions: Sequence[Submission]) -> Submission | None:
    """Return the submission to cancel first. Raises Error if one is in the way and `if-open` is fail."""
    for submission in submissions:
        # The step continues a draft, and a submission of events alone leaves the version free.
        if submission.state == DRAFT or not submission.version_id:
            continue
        if inputs.if_open == "cancel":
            return submission
        which = "this version" if submission.version_id == version.id else "another version"
        raise Error(
            f"A submission with {which} is open ({submission.state}).",
            "Wait for Apple's decision, or set if-open: cancel to withdraw it.",
        )
    return None
