"""Plan the changes between the state and the request, without a request to Apple; a dry run plans the same.

A value that is right already yields no change, so that a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asc.api.document import reference, references, request_body
from asc.builds.build import Build
from asc.changes.change import Change, Fallback, Plan, enumerated
from asc.errors import Error
from asc.testflight import information
from asc.testflight.expiry import IN_QUEUE, NO_OTHERS, EarlierBuilds
from asc.testflight.groups import group_body
from asc.testflight.preflight import encryption_contradiction, encryption_unanswered
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, Group, build_id, goes_outside
from asc.testflight.testers.tester import Tester, tester_body
from asc.words import printable_name

REVIEWED = {
    "WAITING_FOR_BETA_REVIEW",
    "IN_BETA_REVIEW",
    "BETA_APPROVED",
    "READY_FOR_BETA_TESTING",
    "IN_BETA_TESTING",
}
"""External states of a build that was submitted to beta review."""
IN_REVIEW = {"WAITING_FOR_BETA_REVIEW", "IN_BETA_REVIEW"}
_STAY = "The previous builds stay until this one is out: use wait: available, or run the step again then"
_AVAILABLE = {"BETA_APPROVED", "READY_FOR_BETA_TESTING", "IN_BETA_TESTING"}


def plan(
    request: DistributionRequest,
    app_state: AppState,
    state: Build | None,
    others: EarlierBuilds = NO_OTHERS,
    expire_later: bool = False,
) -> Plan:
    """Return the plan for a build, or for one that does not exist yet (`state` None).

    Earlier builds that external testers still need expire only with `expire_later`: the caller waits until this build
    is out. Raises Error if the request cannot be fulfilled: a build that failed, expired or was rejected, a different
    answer to export compliance, an external group for an internal-only build.
    """
    _check(request, app_state, state)
    compliance = list(_compliance(request, app_state, state))
    review = list(_review(request, app_state, state, bool(compliance)))
    # Other builds leave the queue of beta review only to make room for this one.
    leaving = others.waiting if review else ()
    withdrawn = [_expire("withdraw", "expire {} to take it out of beta review", other) for other in leaving]
    # A build that leaves the queue expires by that: do not expire it twice.
    leaving_ids = {other.id for other in leaving}
    previous = [other for other in others.previous if other.id not in leaving_ids]
    stays = bool(previous) and not expire_later and not is_out(request, app_state, state)
    switch = list(information.auto_notify(request, state))
    notification = list(_notification(request, app_state, state))
    # Each phase needs the one before it: no submission without the answer to export compliance, none without texts,
    # and no earlier build expires before this one is in review.
    phases = (
        compliance,
        [
            *information.whats_new(request, app_state, state),
            *information.app_info(request, app_state, state),
            *information.review_info(request, app_state),
            *([] if notification else switch),
        ],
        [*groups(request, app_state, state), *testers(request, app_state, state), *withdrawn],
        review,
        notification,
        switch if notification else [],  # App Store Connect sends none while it is on
        [_expire("expire", "expire {}", other) for other in previous if not stays],
    )
    return Plan(
        tuple(tuple(phase) for phase in phases if phase),
        tuple(_notes(request, app_state, state)),
        (_STAY,) if stays else (),
    )


def is_out(request: DistributionRequest, app_state: AppState, state: Build | None) -> bool:
    """Return True if nobody needs earlier builds: external testers can install this one, or none get it."""
    # A build that has expired replaces no other.
    if state and state.expired:
        return False
    # External testers keep an earlier build until they can install this one.
    if state and state.external_state in _AVAILABLE:
        return True
    # An earlier run or a person may have submitted it, although this request names nobody outside of the team.
    reviewed = state and (state.external_state in IN_REVIEW or state.review_state in IN_QUEUE)
    return not reviewed and not goes_outside(request, app_state)


def _check(request: DistributionRequest, app_state: AppState, state: Build | None) -> None:
    # A step that only uploads or waits asks nothing of the build, so that its state hinders nothing.
    if state is None or not request.anything:
        return
    name = f"Build {printable_name(state.build_number)}"
    if state.processing_state in ("FAILED", "INVALID"):
        raise Error(
            f"{name} is {state.processing_state}: App Store Connect could not process it, so nobody can get it.",
            "Read Apple's email, fix the reason, and upload a build with a new number.",
        )
    # Texts and answers reach no tester, so that an expired or rejected build is no error for them.
    if not request.distributes:
        return
    if state.expired or "EXPIRED" in (state.internal_state, state.external_state):
        raise Error(f"{name} has expired, so nobody can get it.", "Upload a build with a new number.")
    if not goes_outside(request, app_state):
        return
    if state.audience == "INTERNAL_ONLY":
        raise Error(
            f"{name} is for internal testing only, but groups or testers outside of the team are given.",
            "Give internal groups, or export the build without testFlightInternalTestingOnly.",
        )
    if request.submit_review and (
        state.external_state == "BETA_REJECTED" or state.review_state == "REJECTED"
    ):
        raise Error(
            f"{name} was rejected by beta review.",
            "Read the reviewers' message in App Store Connect (TestFlight), then upload a build with a new number.",
        )


def _compliance(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    requested, existing = request.encryption, state.uses_non_exempt_encryption if state else None
    binary = app_state.destination.uses_non_exempt_encryption if request.distributes else None
    if requested is not None and existing is not None and requested != existing:
        raise encryption_contradiction(requested, existing)
    # The input decides, then the binary. A build whose answer Apple has needs none.
    answer = requested if requested is not None else binary if existing is None and state else None
    if state and request.distributes and answer is None and existing is None:
        raise encryption_unanswered()
    # Apple takes the answer of a new build from its Info.plist, so that it is not sent again.
    answered = existing is not None or (state is None and binary is not None)
    attributes = {} if answer is None or answered else {"usesNonExemptEncryption": answer}
    declaration = app_state.declaration
    linked = declaration is not None and (state is None or state.declaration_id != declaration.id)
    if attributes or linked:
        words = [f"uses {'' if answer else 'no '}non-exempt encryption"] if attributes else []
        words += [f"declaration {declaration.id}"] if declaration and linked else []
        build = build_id(state)
        links = {"appEncryptionDeclaration": reference("appEncryptionDeclarations", declaration.id)} if (
            declaration and linked
        ) else {}  # fmt: skip
        yield Change(
            "compliance",
            f"answer export compliance: {', '.join(words)}",
            "PATCH",
            f"/v1/builds/{build}",
            request_body("builds", attributes, build, links),
        )


def _review(
    request: DistributionRequest, app_state: AppState, state: Build | None, complied: bool
) -> Iterator[Change]:
    if not request.submit_review or not goes_outside(request, app_state):
        return
    if state:
        # A build is submitted once. `_check` has refused a rejected one, and a note tells of the compliance review.
        if state.external_state in REVIEWED or state.review_state or _waits_for_compliance(state):
            return
        # An answer in this plan comes before the submission, and may be all that Apple misses.
        if state.external_state == "MISSING_EXPORT_COMPLIANCE" and not complied:
            raise Error(
                "The build cannot go to beta review: Apple has no export compliance declaration for it.",
                "Name an approved one in encryption-declaration, or answer in App Store Connect.",
            )
    yield Change(
        "review",
        "submit to beta review",
        "POST",
        "/v1/betaAppReviewSubmissions",
        request_body(
            "betaAppReviewSubmissions", {}, relationships={"build": reference("builds", build_id(state))}
        ),
        settles=True,
    )


def _waits_for_compliance(state: Build) -> bool:
    return state.external_state == "IN_EXPORT_COMPLIANCE_REVIEW"


def _notification(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    # Only needed if the switch comes too late: the build was available while it was off.
    if not request.notify or not state or state.auto_notify is not False:
        return
    somebody = state.group_ids or state.tester_ids or goes_outside(request, app_state)
    if somebody and state.external_state in _AVAILABLE:
        yield Change(
            "notification",
            "notify the testers who have the build already",
            "POST",
            "/v1/buildBetaNotifications",
            request_body(
                "buildBetaNotifications", {}, relationships={"build": reference("builds", state.id)}
            ),
            repeats=False,  # two notifications are two mails
        )


def _expire(kind: str, words: str, other: Build) -> Change:
    body = request_body("builds", {"expired": True}, other.id)
    return Change(kind, words.format(f"build {other}"), "PATCH", f"/v1/builds/{other.id}", body)


def _notes(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[str]:
    yield from (gets_it_by_itself(group) for group in app_state.groups if group.gets_all)
    if not goes_outside(request, app_state) or (state and state.external_state in _AVAILABLE):
        return
    if state and _waits_for_compliance(state):
        yield "Apple reviews the export compliance first: run the step again afterwards to submit to beta review"
    elif not request.submit_review and not (
        state and (state.external_state in REVIEWED or state.review_state)
    ):
        yield "External testers get the build after beta review, and submit-beta-review is false"


def groups(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    """Yield one change that adds all existing groups, and one for each group to create with the build in it."""
    have = state.group_ids if state else frozenset()
    missing = [group for group in app_state.groups if group.id not in have and not group.gets_all]
    if missing:
        yield _add_groups(missing, state)
    for name in app_state.new_groups:
        internal = request.create_groups == "internal"
        attributes = {"isInternalGroup": internal}
        if internal:
            # The request is about this build, not about all later ones.
            attributes["hasAccessToAllBuilds"] = False
        yield Change(
            "group",
            f"create the {'internal' if internal else 'external'} group {printable_name(name)} with the build in it",
            "POST",
            "/v1/betaGroups",
            group_body(app_state.destination.app.id, name, attributes, [build_id(state)]),
            settles=True,
            # A group has no id before it is created, so that its name stands for it.
            serves=(name,),
        )


def gets_it_by_itself(group: Group) -> str:
    """Return the note for a group that gets every build without being added."""
    return f"Nothing is added to {group}, which gets every build by itself"


def _add_groups(groups: Sequence[Group], state: Build | None) -> Change:
    return Change(
        "group",
        f"add to {enumerated(map(str, groups), 'groups')}",
        "POST",
        f"/v1/builds/{build_id(state)}/relationships/betaGroups",
        references("betaGroups", [group.id for group in groups]),
        settles=True,
        otherwise=_one_by_one(groups, state),
        serves=tuple(group.id for group in groups),
    )


def _one_by_one(groups: Sequence[Group], state: Build | None) -> Fallback | None:
    # App Store Connect refuses the whole request because of one internal group, and does not say which.
    internal = [group for group in groups if group.internal]
    external = [group for group in groups if not group.internal]
    if not internal:
        return None
    if len(groups) == 1:
        # The group got access to all builds after it was read, or the answer left its flag out.
        return Fallback(note=gets_it_by_itself(groups[0]))
    parts = [external] if external else []
    return Fallback(tuple(_add_groups(part, state) for part in (*parts, *([group] for group in internal))))


def testers(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    """Yield one change that adds all testers of the app, and one for each new tester."""
    have = state.tester_ids if state else frozenset()
    ids = {tester: app_state.tester_ids.get(tester.address) for tester in request.testers}
    known = [
        (tester, identifier) for tester, identifier in ids.items() if identifier and identifier not in have
    ]
    if known:
        yield Change(
            "tester",
            f"add {enumerated((tester.masked for tester, _ in known), 'testers')}",
            "POST",
            f"/v1/builds/{build_id(state)}/relationships/individualTesters",
            references("betaTesters", [identifier for _, identifier in known]),
            settles=True,
        )
    yield from (_invite(tester, state) for tester, identifier in ids.items() if not identifier)


def _invite(tester: Tester, state: Build | None) -> Change:
    return Change(
        "tester",
        f"invite {tester.masked}",
        "POST",
        "/v1/betaTesters",
        tester_body(tester, "builds", [build_id(state)]),
        settles=True,
    )
