"""The changes of what testers and reviewers read: what's new, test information, review information.

https://developer.apple.com/documentation/appstoreconnectapi/prerelease-versions-and-beta-testers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from asc.builds.distribution import texts
from asc.builds.distribution.changes import TO_COME, Change, Instead, build_id, one, resource
from asc.builds.distribution.ground import Ground, goes_outside
from asc.builds.distribution.names import shown
from asc.builds.distribution.state import BuildState, Localization
from asc.builds.distribution.wishes import DEFAULT, Wishes


def whats_new(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """What's new, where it does not read so already."""
    there = state.localizations if state else {}
    primary = (state.primary_locale if state else "") or ground.primary_locale
    wished = by_locale(wishes.whats_new, there, primary)
    for locale, text in wished.items():
        known = there.get(locale)
        if not text or (known and texts.same(known.whats_new, text)):
            continue
        change = _whats_new(locale, text, known, state)
        shorter = texts.cut_to_bytes(text)
        if known and texts.same(known.whats_new, shorter):
            continue  # an earlier run had to cut it
        if shorter != text:
            warning = (
                f"What's new in {shown(locale)} is cut from {texts.in_bytes(text)} to {texts.in_bytes(shorter)} bytes: "
                "App Store Connect took no more"
            )
            instead = Instead((_whats_new(locale, shorter, known, state),), warning=warning)
            change = replace(change, otherwise=instead)
        yield change


def _whats_new(locale: str, text: str, known: Localization | None, state: BuildState | None) -> Change:
    kind, summary = "whats-new", f"set what's new in {shown(locale)}"
    if known:
        body = resource("betaBuildLocalizations", {"whatsNew": text}, known.id)
        return Change(kind, summary, "PATCH", f"/v1/betaBuildLocalizations/{known.id}", body, settles=True)
    attributes = {"locale": locale, "whatsNew": text}
    body = resource("betaBuildLocalizations", attributes, None, {"build": one("builds", build_id(state))})
    return Change(kind, summary, "POST", "/v1/betaBuildLocalizations", body, settles=True)


def app_info(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """Test information of the app: only the attributes that differ, and what the languages of the notes need."""
    yield from _app_info(wishes, ground)
    if wishes.submit_review and goes_outside(wishes, ground):
        yield from _for_notes(wishes, ground, state)


def _for_notes(wishes: Wishes, ground: Ground, state: BuildState | None) -> Iterator[Change]:
    """Test information for the languages of what's new that have none.

    Apple refuses the submission otherwise: "betaAppLocalization must exist for an app" (fastlane#20723). Testers read
    the texts of the primary language there today, so that those are taken.
    """
    primary = (state.primary_locale if state else "") or ground.primary_locale
    given = by_locale(wishes.app_info, ground.app_localizations, primary)
    known = ground.app_localizations[primary].attributes if primary in ground.app_localizations else {}
    texts_there = {**known, **(given[primary].attributes() if primary in given else {})}
    attributes = {
        name: texts_there[name] for name in ("description", "feedbackEmail") if texts_there.get(name)
    }
    notes = by_locale(wishes.whats_new, state.localizations if state else {}, primary)
    for locale in notes:
        if locale in ground.app_localizations or locale in given:
            continue
        yield Change(
            "app-info",
            f"set the test information in {shown(locale)} as in {shown(primary)}, for beta review needs it",
            "POST",
            "/v1/betaAppLocalizations",
            resource(
                "betaAppLocalizations",
                {"locale": locale, **attributes},
                None,
                {"app": one("apps", ground.destination.app.id)},
            ),
        )


def _app_info(wishes: Wishes, ground: Ground) -> Iterator[Change]:
    there = ground.app_localizations
    for locale, info in by_locale(wishes.app_info, there, ground.primary_locale).items():
        known = there[locale].attributes if locale in there else {}
        attributes = _differing(info.attributes(), known)
        if not attributes:
            continue
        summary = f"set the test information in {shown(locale)}: {', '.join(attributes)}"
        if locale in there:
            identifier = there[locale].id
            body = resource("betaAppLocalizations", attributes, identifier)
            yield Change("app-info", summary, "PATCH", f"/v1/betaAppLocalizations/{identifier}", body)
        else:
            app = {"app": one("apps", ground.destination.app.id)}
            body = resource("betaAppLocalizations", {"locale": locale, **attributes}, None, app)
            yield Change("app-info", summary, "POST", "/v1/betaAppLocalizations", body)


def review_info(wishes: Wishes, ground: Ground) -> Iterator[Change]:
    """What reviewers are told: only the attributes that differ."""
    there = ground.review_detail
    wished = wishes.review_info.attributes() if wishes.review_info else {}
    attributes = _differing(wished, there.attributes if there else {})
    if attributes:
        identifier = there.id if there else ground.destination.app.id  # Apple gives both the same id
        yield Change(
            "review-info",
            f"set the information for beta review: {', '.join(attributes)}",
            "PATCH",
            f"/v1/betaAppReviewDetails/{identifier}",
            resource("betaAppReviewDetails", attributes, identifier),
        )


def auto_notify(wishes: Wishes, state: BuildState | None) -> Iterator[Change]:
    """Whether Apple tells testers by itself when the build is there."""
    if wishes.notify is None or (state and state.auto_notify == wishes.notify):
        return
    identifier = state.detail_id if state else TO_COME
    yield Change(
        "auto-notify",
        f"{'notify' if wishes.notify else 'do not notify'} testers when the build is available",
        "PATCH",
        f"/v1/buildBetaDetails/{identifier}",
        resource("buildBetaDetails", {"autoNotifyEnabled": wishes.notify}, identifier),
        settles=True,
    )


def by_locale(wished: Mapping[str, Any], there: Iterable[str], primary: str) -> dict[str, Any]:
    """Return the wishes with the default spelled out, for each locale that is there and not named and the primary."""
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
