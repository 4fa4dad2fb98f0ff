"""The changes between what is there and what is wished: worked out without a request, the same for a dry run.

What is as wished already yields no change, so that a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from asc.builds.distribution import information, people
from asc.builds.distribution.changes import Change as Change
from asc.builds.distribution.changes import Plan, build_id, one, resource
from asc.builds.distribution.expiry import IN_QUEUE, NO_OTHERS, Other, Others
from asc.builds.distribution.ground import Ground, goes_outside
from asc.builds.distribution.names import shown
from asc.builds.distribution.preflight import encryption_contradiction, encryption_unanswered
from asc.builds.distribution.state import BuildState
from asc.builds.distribution.wishes import Wishes
from asc.errors import Error

_REVIEWED = {
    "WAITING_FOR_BETA_REVIEW",
    "IN_BETA_REVIEW",
    "BETA_APPROVED",
    "READY_FOR_BETA_TESTING",
    "IN_BETA_TESTING",
}
IN_REVIEW = {"WAITING_FOR_BETA_REVIEW", "IN_BETA_REVIEW"}
_STAY = "The previous builds stay until this one is out: use wait: available, or run the step again then"
_AVAILABLE = {"BETA_APPROVED", "READY_FOR_BETA_TESTING", "IN_BETA_TESTING"}


def plan(
    wishes: Wishes,
    ground: Ground,
    state: BuildState | None,
    others: Others = NO_OTHERS,
    expire_later: bool = False,
) -> Plan:
    """What is to be done for a build, or for one that does not exist yet (`state` None: everything).

    Earlier builds that testers outside still need expire only with `expire_later`: somebody waits until this one is
    out before that is done. Raises Error for what cannot be done any more: a build that failed, expired or was
    rejected, an answer to export compliance that differs, an external group for a build that is for the team only.
    """
    _check(wishes, ground, state)
    compliance = list(_compliance(wishes, ground, state))
    review = list(_review(wishes, ground, state, bool(compliance)))
    withdrawn = [
        _expire("withdraw", "expire {} to take it out of beta review", each)
        for each in others.waiting
        if review
    ]
    gone = {each.id for each in others.waiting if review}
    previous = [each for each in others.previous if each.id not in gone]
    stays = bool(previous) and not expire_later and not is_out(wishes, ground, state)
    switch = list(information.auto_notify(wishes, state))
    notification = list(_notification(wishes, ground, state))
    phases = (
        compliance,
        [
            *information.whats_new(wishes, ground, state),
            *information.app_info(wishes, ground, state),
            *information.review_info(wishes, ground),
            *([] if notification else switch),
        ],
        [*people.groups(wishes, ground, state), *people.testers(wishes, ground, state), *withdrawn],
        review,
        notification,
        switch if notification else [],  # App Store Connect sends none while it is on
        [_expire("expire", "expire {}", each) for each in previous if not stays],
    )
    return Plan(
        tuple(tuple(phase) for phase in phases if phase),
        tuple(_notes(wishes, ground, state)),
        (_STAY,) if stays else (),
    )


def is_out(wishes: Wishes, ground: Ground, state: BuildState | None) -> bool:
    """Whether nobody misses earlier builds: testers outside can install this one, or are to get none."""
    if state and state.expired:
        return False
    if state and state.external_state in _AVAILABLE:
        return True
    reviewed = state and (state.external_state in IN_REVIEW or state.review_state in IN_QUEUE)
    return not reviewed and not goes_outside(wishes, ground)


def _check(wishes: Wishes, ground: Ground, state: BuildState | None) -> None:
    if state is None or not wishes.anything:
        return
    name = f"Build {shown(state.build_number)}"
    if state.processing_state in ("FAILED", "INVALID"):
        raise Error(
            f"{name} is {state.processing_state}: App Store Connect could not process it, so nobody can get it.",
            "Apple mails the reason; mend it and upload a build with a new number.",
        )
    if not wishes.distributes:
        return
    if state.expired or "EXPIRED" in (state.internal_state, state.external_state):
        raise Error(f"{name} has expired, so nobody can get it.", "Upload a build with a new number.")
    if not goes_outside(wishes, ground):
        return
    if state.audience == "INTERNAL_ONLY":
        raise Error(
            f"{name} is for internal testing only, but groups or testers outside of the team are given.",
            "Give internal groups, or export the build without testFlightInternalTestingOnly.",
        )
    if wishes.submit_review and (state.external_state == "BETA_REJECTED" or state.review_state == "REJECTED"):
        raise Error(
            f"{name} was rejected by beta review.",
            "Read the reviewers' message in App Store Connect (TestFlight), then upload a build with a new number.",
        )


def _compliance(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    wished, there = wishes.encryption, state.uses_non_exempt_encryption if state else None
    binary = ground.destination.uses_non_exempt_encryption if wishes.distributes else None
    if wished is not None and there is not None and wished != there:
        raise encryption_contradiction(wished, there)
    answer = wished if wished is not None else binary if there is None and state else None
    if state and wishes.distributes and answer is None and there is None:
        raise encryption_unanswered()
    answered = there is not None or (state is None and binary is not None)
    attributes = {} if answer is None or answered else {"usesNonExemptEncryption": answer}
    declaration = ground.declaration
    linked = declaration is not None and (state is None or state.declaration_id != declaration.id)
    if attributes or linked:
        words = [f"uses {'' if answer else 'no '}non-exempt encryption"] if attributes else []
        words += [f"declaration {declaration.id}"] if declaration and linked else []
        build = build_id(state)
        references = {"appEncryptionDeclaration": one("appEncryptionDeclarations", declaration.id)} if (
            declaration and linked
        ) else {}  # fmt: skip
        yield Change(
            "compliance",
            f"answer export compliance: {', '.join(words)}",
            "PATCH",
            f"/v1/builds/{build}",
            resource("builds", attributes, build, references),
        )


def _review(wishes: Wishes, ground: Ground, state: BuildState | None, complied: bool) -> Iterator[Change]:
    if not wishes.submit_review or not goes_outside(wishes, ground):
        return
    if state:
        if state.external_state in _REVIEWED or state.review_state or _waits_for_compliance(state):
            return
        if state.external_state == "MISSING_EXPORT_COMPLIANCE" and not complied:
            raise Error(
                "The build cannot go to beta review: Apple misses an export compliance declaration for it.",
                "Name an approved one in encryption-declaration, or answer in App Store Connect.",
            )
    yield Change(
        "review",
        "submit to beta review",
        "POST",
        "/v1/betaAppReviewSubmissions",
        resource("betaAppReviewSubmissions", {}, None, {"build": one("builds", build_id(state))}),
        settles=True,
    )


def _waits_for_compliance(state: BuildState) -> bool:
    return state.external_state == "IN_EXPORT_COMPLIANCE_REVIEW"


def _notification(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """Only where the switch comes too late: the build was available while it was off."""
    if not wishes.notify or not state or state.auto_notify is not False:
        return
    somebody = state.group_ids or state.tester_ids or goes_outside(wishes, ground)
    if somebody and state.external_state in _AVAILABLE:
        yield Change(
            "notification",
            "notify the testers who have the build already",
            "POST",
            "/v1/buildBetaNotifications",
            resource("buildBetaNotifications", {}, None, {"build": one("builds", state.id)}),
            repeats=False,  # two notifications are two mails
        )


def _expire(kind: str, words: str, other: Other) -> Change:
    body = resource("builds", {"expired": True}, other.id)
    return Change(kind, words.format(f"build {other}"), "PATCH", f"/v1/builds/{other.id}", body)


def _notes(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[str]:
    yield from (people.gets_it_by_itself(each) for each in ground.groups if each.gets_all)
    if not goes_outside(wishes, ground) or (state and state.external_state in _AVAILABLE):
        return
    if state and _waits_for_compliance(state):
        yield "Apple reviews the export compliance first: run the step again afterwards to submit to beta review"
    elif not wishes.submit_review and not (
        state and (state.external_state in _REVIEWED or state.review_state)
    ):
        yield "External testers get the build after beta review, and submit-beta-review is false"
