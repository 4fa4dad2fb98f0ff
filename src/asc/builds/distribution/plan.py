"""The changes between what is there and what is wished: worked out without a request, the same for a dry run.

What is as wished already yields no change, so that a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asc.builds.distribution import texts
from asc.builds.distribution.expiry import NO_OTHERS, Other, Others
from asc.builds.distribution.ground import Ground, Group, goes_outside
from asc.builds.distribution.names import shown
from asc.builds.distribution.preflight import encryption_contradiction, encryption_unanswered
from asc.builds.distribution.state import BuildState
from asc.builds.distribution.wishes import DEFAULT, Tester, Wishes
from asc.errors import Error

TO_COME = "{build}"
"""Stands for the id of a build that does not exist yet."""
_REVIEWED = {
    "WAITING_FOR_BETA_REVIEW",
    "IN_BETA_REVIEW",
    "BETA_APPROVED",
    "READY_FOR_BETA_TESTING",
    "IN_BETA_TESTING",
}
_AVAILABLE = {"BETA_APPROVED", "READY_FOR_BETA_TESTING", "IN_BETA_TESTING"}


@dataclass(frozen=True)
class Change:
    """One write. `summary` says it to humans; `kind` is what it is about, in a word that code can compare.

    `settles`: App Store Connect may refuse it for a while, right after processing. `repeats`: doing it twice is
    harmless. `otherwise`: what to do when App Store Connect takes no internal group, None for nothing.
    """

    kind: str
    summary: str
    method: str
    path: str
    body: Mapping[str, Any] = field(repr=False)
    settles: bool = False
    repeats: bool = True
    otherwise: Change | None = None


@dataclass(frozen=True)
class Plan:
    """Phases of changes, those of one phase independent of each other; and what is to be said besides."""

    phases: tuple[tuple[Change, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in their order."""
        return tuple(change for phase in self.phases for change in phase)

    def without(self, done: Sequence[Change]) -> Plan:
        """The same without changes that are made already."""
        left = (tuple(change for change in phase if change not in done) for phase in self.phases)
        return Plan(tuple(phase for phase in left if phase), self.notes)


def plan(
    wishes: Wishes,
    ground: Ground,
    state: BuildState | None,
    others: Others = NO_OTHERS,
    *,
    was_silent: bool = False,
) -> Plan:
    """What is to be done for a build, or for one that does not exist yet (`state` None: everything).

    `was_silent`: notifications were off before this run, which may have switched them on already.
    Raises Error for what cannot be done any more: a build that failed, expired or was rejected, an answer to
    export compliance that differs, an external group for a build that is for the team only.
    """
    _check(wishes, ground, state)
    compliance = list(_compliance(wishes, ground, state))
    review = list(_review(wishes, ground, state, bool(compliance)))
    withdrawn = [
        _expire("withdraw", "withdraw {} from beta review", each) for each in others.waiting if review
    ]
    gone = {each.id for each in others.waiting if review}
    phases = (
        compliance,
        [
            *_whats_new(wishes, ground, state),
            *_app_info(wishes, ground),
            *_review_info(wishes, ground),
            *_auto_notify(wishes, state),
        ],
        [*_groups(wishes, ground, state), *_testers(wishes, ground, state), *withdrawn],
        review,
        list(_notification(wishes, state, was_silent)),
        [_expire("expire", "expire {}", each) for each in others.previous if each.id not in gone],
    )
    return Plan(
        tuple(tuple(phase) for phase in phases if phase),
        tuple(_notes(wishes, ground, state, others)),
    )


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
    binary = ground.target.uses_non_exempt_encryption if wishes.distributes else None
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
        build = _id(state)
        references = {"appEncryptionDeclaration": _one("appEncryptionDeclarations", declaration.id)} if (
            declaration and linked
        ) else {}  # fmt: skip
        yield Change(
            "compliance",
            f"answer export compliance: {', '.join(words)}",
            "PATCH",
            f"/v1/builds/{build}",
            _resource("builds", attributes, build, references),
        )


def _whats_new(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    there = state.localizations if state else {}
    primary = (state.primary_locale if state else "") or ground.primary_locale
    wished = _by_locale(wishes.whats_new, there, primary)
    for locale, text in wished.items():
        if not text or (locale in there and texts.same(there[locale].whats_new, text)):
            continue
        summary = f"set what's new in {shown(locale)}"
        if locale in there:
            identifier, attributes = there[locale].id, {"whatsNew": text}
            body = _resource("betaBuildLocalizations", attributes, identifier)
            yield Change("whats-new", summary, "PATCH", f"/v1/betaBuildLocalizations/{identifier}", body)
        else:
            attributes = {"locale": locale, "whatsNew": text}
            body = _resource(
                "betaBuildLocalizations", attributes, None, {"build": _one("builds", _id(state))}
            )
            yield Change("whats-new", summary, "POST", "/v1/betaBuildLocalizations", body)


def _app_info(wishes: Wishes, ground: Ground) -> Iterator[Change]:
    there = ground.app_localizations
    for locale, info in _by_locale(wishes.app_info, there, ground.primary_locale).items():
        known = there[locale].attributes if locale in there else {}
        attributes = _differing(info.attributes(), known)
        if not attributes:
            continue
        summary = f"set the test information in {shown(locale)}: {', '.join(attributes)}"
        if locale in there:
            identifier = there[locale].id
            body = _resource("betaAppLocalizations", attributes, identifier)
            yield Change("app-info", summary, "PATCH", f"/v1/betaAppLocalizations/{identifier}", body)
        else:
            app = {"app": _one("apps", ground.target.app.id)}
            body = _resource("betaAppLocalizations", {"locale": locale, **attributes}, None, app)
            yield Change("app-info", summary, "POST", "/v1/betaAppLocalizations", body)


def _review_info(wishes: Wishes, ground: Ground) -> Iterator[Change]:
    there = ground.review_detail
    wished = wishes.review_info.attributes() if wishes.review_info else {}
    attributes = _differing(wished, there.attributes if there else {})
    if attributes:
        identifier = there.id if there else ground.target.app.id  # Apple gives both the same id
        yield Change(
            "review-info",
            f"set the information for beta review: {', '.join(attributes)}",
            "PATCH",
            f"/v1/betaAppReviewDetails/{identifier}",
            _resource("betaAppReviewDetails", attributes, identifier),
        )


def _auto_notify(wishes: Wishes, state: BuildState | None) -> Iterator[Change]:
    if wishes.notify is None or (state and state.auto_notify == wishes.notify):
        return
    identifier = state.detail_id if state else TO_COME
    yield Change(
        "auto-notify",
        f"{'notify' if wishes.notify else 'do not notify'} testers when the build is available",
        "PATCH",
        f"/v1/buildBetaDetails/{identifier}",
        _resource("buildBetaDetails", {"autoNotifyEnabled": wishes.notify}, identifier),
    )


def _groups(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """All groups that exist in one request. A new one is made with the build in it."""
    have = state.group_ids if state else frozenset()
    wanted = [group for group in ground.groups if group.id not in have and not _is_given_all(group)]
    external = [group for group in wanted if not group.internal]
    if wanted:
        otherwise = _add_groups(external, state) if external and external != wanted else None
        yield _add_groups(wanted, state, otherwise)
    for name in ground.new_groups:
        internal = wishes.create_groups == "internal"
        attributes = {"name": name, "isInternalGroup": internal}
        if internal:
            attributes["hasAccessToAllBuilds"] = False  # builds are chosen, as in this run
        relationships = {"app": _one("apps", ground.target.app.id), "builds": _many("builds", [_id(state)])}
        yield Change(
            "group",
            f"create the {'internal' if internal else 'external'} group {shown(name)} with the build in it",
            "POST",
            "/v1/betaGroups",
            _resource("betaGroups", attributes, None, relationships),
            settles=True,
        )


def _add_groups(groups: Sequence[Group], state: BuildState | None, otherwise: Change | None = None) -> Change:
    return Change(
        "group",
        f"add to {_and(map(str, groups))}",
        "POST",
        f"/v1/builds/{_id(state)}/relationships/betaGroups",
        _many("betaGroups", [group.id for group in groups]),
        settles=True,
        otherwise=otherwise,
    )


def _testers(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """Those whom the app knows in one request; a new one is made with the build."""
    have = state.tester_ids if state else frozenset()
    ids = {tester: ground.tester_ids.get(tester.email.casefold()) for tester in wishes.testers}
    known = [
        (tester, identifier) for tester, identifier in ids.items() if identifier and identifier not in have
    ]
    if known:
        yield Change(
            "tester",
            f"add {_and(tester.shown for tester, _ in known)}",
            "POST",
            f"/v1/builds/{_id(state)}/relationships/individualTesters",
            _many("betaTesters", [identifier for _, identifier in known]),
            settles=True,
        )
    yield from (_invite(tester, state) for tester, identifier in ids.items() if not identifier)


def _invite(tester: Tester, state: BuildState | None) -> Change:
    names = {"firstName": tester.first_name, "lastName": tester.last_name}
    attributes = {"email": tester.email, **{name: text for name, text in names.items() if text}}
    return Change(
        "tester",
        f"invite {tester.shown}",
        "POST",
        "/v1/betaTesters",
        _resource("betaTesters", attributes, None, {"builds": _many("builds", [_id(state)])}),
        settles=True,
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
        _resource("betaAppReviewSubmissions", {}, None, {"build": _one("builds", _id(state))}),
        settles=True,
    )


def _waits_for_compliance(state: BuildState) -> bool:
    return state.external_state == "IN_EXPORT_COMPLIANCE_REVIEW"


def _notification(wishes: Wishes, state: BuildState | None, was_silent: bool) -> Iterator[Change]:
    """Only where the switch comes too late: the build was available while it was off."""
    if not wishes.notify or not state or state.external_state not in _AVAILABLE:
        return
    if was_silent or state.auto_notify is False:
        yield Change(
            "notification",
            "notify the testers who have the build already",
            "POST",
            "/v1/buildBetaNotifications",
            _resource("buildBetaNotifications", {}, None, {"build": _one("builds", state.id)}),
            repeats=False,  # two notifications are two mails
        )


def _expire(kind: str, words: str, other: Other) -> Change:
    body = _resource("builds", {"expired": True}, other.id)
    return Change(kind, words.format(f"build {other}"), "PATCH", f"/v1/builds/{other.id}", body)


def _notes(wishes: Wishes, ground: Ground, state: BuildState | None, others: Others) -> Iterator[str]:
    for group in filter(_is_given_all, ground.groups):
        yield f"Nothing is added to {group}, which gets every build by itself"
    if not goes_outside(wishes, ground) or (state and state.external_state in _AVAILABLE):
        return
    if state and _waits_for_compliance(state):
        yield "Apple reviews the export compliance first: run the step again afterwards to submit to beta review"
    elif not wishes.submit_review and not (
        state and (state.external_state in _REVIEWED or state.review_state)
    ):
        yield "External testers get the build after beta review, and submit-beta-review is false"
    if others.previous:
        yield "External testers have no build of these until beta review is over, for the previous ones expire"


def _is_given_all(group: Group) -> bool:
    return group.internal and group.all_builds


def _by_locale(wished: Mapping[str, Any], there: Iterable[str], primary: str) -> dict[str, Any]:
    """With the default spelled out: for each locale that is there and not named, and for the primary one."""
    named = {locale: wish for locale, wish in wished.items() if locale != DEFAULT}
    if DEFAULT not in wished:
        return named
    unnamed = [locale for locale in dict.fromkeys((*there, *filter(None, [primary]))) if locale not in named]
    if not there and not primary and not named:
        unnamed = ["en-US"]  # what Apple gives an app whose language nobody chose
    return {**named, **dict.fromkeys(unnamed, wished[DEFAULT])}


def _differing(wished: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    def equal(one: object, other: object) -> bool:
        return texts.same(one, other) if isinstance(one, str) and isinstance(other, str) else one == other

    return {name: value for name, value in wished.items() if not equal(value, there.get(name))}


def _id(state: BuildState | None) -> str:
    return state.id if state else TO_COME


def _and(parts: Iterable[str]) -> str:
    *head, last = parts
    return f"{', '.join(head)} and {last}" if head else last


def _one(kind: str, identifier: str) -> dict[str, Any]:
    return {"data": {"type": kind, "id": identifier}}


def _many(kind: str, identifiers: Iterable[str]) -> dict[str, Any]:
    return {"data": [{"type": kind, "id": identifier} for identifier in identifiers]}


def _resource(
    kind: str,
    attributes: Mapping[str, Any],
    identifier: str | None = None,
    relationships: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    data: dict[str, Any] = {"type": kind}
    if identifier is not None:
        data["id"] = identifier
    if attributes:
        data["attributes"] = dict(attributes)
    if relationships:
        data["relationships"] = dict(relationships)
    return {"data": data}
