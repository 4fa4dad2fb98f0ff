"""The changes of texts for testers and reviewers: "What to Test", test information, review information.

https://developer.apple.com/documentation/appstoreconnectapi/prerelease-versions-and-beta-testers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from asc.api.document import reference, request_body
from asc.apps import texts
from asc.builds.build import Build, Localization
from asc.changes.change import Change, Fallback
from asc.testflight.request import DEFAULT, DistributionRequest
from asc.testflight.state import TO_COME, AppState, build_id, goes_outside
from asc.words import printable_name

NEEDED = {"description": "description", "feedbackEmail": "feedback-email"}
"""The test information without which Apple refuses beta review: Apple's names → the keys of app-info."""


def whats_new(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    """Yield the changes of "What to Test" in the locales that differ."""
    existing = state.localizations if state else {}
    primary = (state.primary_locale if state else "") or app_state.primary_locale
    requested = by_locale(request.whats_new, existing, primary)
    for locale, text in requested.items():
        known = existing.get(locale)
        # An empty text is no request to empty Apple's.
        if not text or (known and texts.same(known.whats_new, text)):
            continue
        change = _whats_new(locale, text, known, state)
        # App Store Connect takes most texts that only their bytes make too long: this one is sent after a refusal.
        shorter = texts.cut_to_bytes(text)
        if known and texts.same(known.whats_new, shorter):
            continue  # an earlier run had to cut the text, and cutting it again would write the same
        if shorter != text:
            warning = (
                f"What's new in {printable_name(locale)} is cut from {texts.in_bytes(text)} "
                f"to {texts.in_bytes(shorter)} bytes: "
                "App Store Connect took no more"
            )
            instead = Fallback((_whats_new(locale, shorter, known, state),), warning=warning)
            change = replace(change, otherwise=instead)
        yield change


def _whats_new(locale: str, text: str, known: Localization | None, state: Build | None) -> Change:
    kind, summary = "whats-new", f"set what's new in {printable_name(locale)}"
    if known:
        body = request_body("betaBuildLocalizations", {"whatsNew": text}, known.id)
        return Change(kind, summary, "PATCH", f"/v1/betaBuildLocalizations/{known.id}", body, settles=True)
    attributes = {"locale": locale, "whatsNew": text}
    build = {"build": reference("builds", build_id(state))}
    body = request_body("betaBuildLocalizations", attributes, relationships=build)
    return Change(kind, summary, "POST", "/v1/betaBuildLocalizations", body, settles=True)


def app_info(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    """Yield the changes of the app's test information: the attributes that differ, and locales that review needs."""
    yield from _app_info(request, app_state)
    if request.submit_review and goes_outside(request, app_state):
        yield from _for_notes(request, app_state, state)


def _for_notes(request: DistributionRequest, app_state: AppState, state: Build | None) -> Iterator[Change]:
    """Yield the test information for the languages of what's new that have none.

    Apple refuses the submission otherwise: "betaAppLocalization must exist for an app" (fastlane#20723). Testers read
    the texts of the primary language in these languages today, so the new ones are copies of them.
    """
    primary = (state.primary_locale if state else "") or app_state.primary_locale
    described = described_after(request, app_state, primary)
    # App Store Connect returns no primary language for some apps. Any language that has both texts serves then.
    model = primary or next((locale for locale, texts in described.items() if not lacking(texts)), "")
    # Beta review needs these two. The addresses of pages may differ by language, so that they are not copied.
    attributes = {name: described[model][name] for name in NEEDED if described.get(model, {}).get(name)}
    notes = by_locale(request.whats_new, state.localizations if state else {}, primary)
    for locale in notes:
        if locale in described:
            continue
        yield Change(
            "app-info",
            f"set the test information in {printable_name(locale)} as in {printable_name(model)}, "
            "because beta review needs it",
            "POST",
            "/v1/betaAppLocalizations",
            request_body(
                "betaAppLocalizations",
                {"locale": locale, **attributes},
                relationships={"app": reference("apps", app_state.destination.app.id)},
            ),
        )


def described_after(
    request: DistributionRequest, app_state: AppState, primary: str
) -> dict[str, dict[str, Any]]:
    """Return the test information of the app by locale and by Apple's names, as it is once the request is fulfilled."""
    existing = app_state.app_localizations
    requested = by_locale(request.app_info, existing, primary)
    return {
        locale: {
            **(existing[locale].attributes if locale in existing else {}),
            **(requested[locale].attributes() if locale in requested else {}),
        }
        for locale in dict.fromkeys((*existing, *requested))
    }


def lacking(texts: Mapping[str, Any]) -> list[str]:
    """Return the names in app-info of the texts that beta review needs and that one language lacks."""
    return [ours for name, ours in NEEDED.items() if not str(texts.get(name) or "").strip()]


def _app_info(request: DistributionRequest, app_state: AppState) -> Iterator[Change]:
    existing = app_state.app_localizations
    for locale, info in by_locale(request.app_info, existing, app_state.primary_locale).items():
        known = existing[locale].attributes if locale in existing else {}
        attributes = differing(info.attributes(), known)
        if not attributes:
            continue
        summary = f"set the test information in {printable_name(locale)}: {', '.join(attributes)}"
        if locale in existing:
            identifier = existing[locale].id
            body = request_body("betaAppLocalizations", attributes, identifier)
            yield Change("app-info", summary, "PATCH", f"/v1/betaAppLocalizations/{identifier}", body)
        else:
            app = {"app": reference("apps", app_state.destination.app.id)}
            body = request_body("betaAppLocalizations", {"locale": locale, **attributes}, relationships=app)
            yield Change("app-info", summary, "POST", "/v1/betaAppLocalizations", body)


def review_info(request: DistributionRequest, app_state: AppState) -> Iterator[Change]:
    """Yield the change of the information for reviewers, with the attributes that differ."""
    detail = app_state.review_detail
    requested = request.review_info.attributes() if request.review_info else {}
    attributes = differing(requested, detail.attributes if detail else {})
    if attributes:
        identifier = detail.id if detail else app_state.destination.app.id  # Apple gives both the same id
        yield Change(
            "review-info",
            f"set the information for beta review: {', '.join(attributes)}",
            "PATCH",
            f"/v1/betaAppReviewDetails/{identifier}",
            request_body("betaAppReviewDetails", attributes, identifier),
        )


def auto_notify(request: DistributionRequest, state: Build | None) -> Iterator[Change]:
    """Yield the change of the switch that lets Apple notify testers when the build is available."""
    if request.notify is None or (state and state.auto_notify == request.notify):
        return
    identifier = state.detail_id if state else TO_COME
    yield Change(
        "auto-notify",
        f"{'notify' if request.notify else 'do not notify'} testers when the build is available",
        "PATCH",
        f"/v1/buildBetaDetails/{identifier}",
        request_body("buildBetaDetails", {"autoNotifyEnabled": request.notify}, identifier),
        settles=True,
    )


def by_locale(requested: Mapping[str, Any], existing: Iterable[str], primary: str) -> dict[str, Any]:
    """Return the texts by locale, the default given to the primary locale and each existing one that is not named."""
    named = {locale: text for locale, text in requested.items() if locale != DEFAULT}
    if DEFAULT not in requested:
        return named
    unnamed = [
        locale for locale in dict.fromkeys((*existing, *filter(None, [primary]))) if locale not in named
    ]
    if not existing and not primary and not named:
        unnamed = ["en-US"]  # Apple's locale for an app whose language nobody chose
    return {**named, **dict.fromkeys(unnamed, requested[DEFAULT])}


def differing(requested: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the requested attributes that App Store Connect does not have; null is an empty text."""

    def equal(value: object, other: object) -> bool:
        return texts.same(value, str(other or "")) if isinstance(value, str) else value == other

    return {name: value for name, value in requested.items() if not equal(value, existing.get(name))}
