"""Rules of a version that is to be reviewed: all that Apple refuses when it is put into a submission.

Each rule is a function of the candidate. Apple names the lacks itself, but some one at a time and without the locale.
https://developer.apple.com/documentation/appstoreconnectapi/post-v1-reviewsubmissionitems
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from asc.builds.number import BuildNumber
from asc.store import preparing
from asc.store.age_rating import NEWEST, REQUIRED
from asc.store.candidate import Candidate
from asc.store.media import MediaSet
from asc.store.purchases import INCOMPLETE, READY, SUBSCRIPTION
from asc.store.screenshots import MOST
from asc.store.wanted import APPLE, Finding
from asc.words import counted, printable_name, some

PRICE = "Choose a price in App Store Connect, the app, Pricing and Availability; a free app needs one, too."
TERRITORY = "Choose a territory in App Store Connect, the app, Pricing and Availability."
UPDATE = "Put the text into the metadata folder of this locale, then run update-app-store."
DISPLAYS = {
    "IPHONE": ("APP_IPHONE_67", "APP_IPHONE_65"),
    "IPAD": ("APP_IPAD_PRO_3GEN_129",),
    "WATCH": ("APP_WATCH_SERIES_4",),
    "MAC_OS": ("APP_DESKTOP",),
    "TV_OS": ("APP_APPLE_TV",),
    "VISION_OS": ("APP_APPLE_VISION_PRO",),
}
"""One of these is enough for each family of devices (recorded at submissions; Apple does not document it)."""
_CONTACT = ("first_name", "last_name", "phone_number", "email_address")
_LINK = re.compile(r"https?://\S+")


def check_candidate(candidate: Candidate) -> Iterator[Finding]:
    """Yield everything that keeps the version from its review, and common reasons of rejections."""
    for rule in RULES:
        yield from rule(candidate)


def required_texts(candidate: Candidate) -> Iterator[Finding]:
    """Yield the texts that each locale of the version, and of the app's names, must have."""
    needed = ["description", "keywords", "support_url"]
    if not candidate.is_first:
        needed.append("release_notes")
    policy = "apple_tv_privacy_policy" if candidate.version.platform == "TV_OS" else "privacy_url"
    # Texts belong to the version, and names to the app: their locales may differ.
    for locales, names in ((candidate.text_locales, needed), (candidate.name_locales, ["name", policy])):
        for locale in sorted(locales):
            held = candidate.page.texts_of(locale)
            for name in names:
                if name not in held:
                    yield Finding("required", f"{locale}: {name} is missing", APPLE, UPDATE)


def locales(candidate: Candidate) -> Iterator[Finding]:
    """Yield locales that have texts and no name, or the reverse; and a primary locale that is not there."""
    remedy = "Put both into the metadata folder of this locale, then run update-app-store."
    for locale in sorted(candidate.text_locales - candidate.name_locales):
        yield Finding("locales", f"{locale}: the version has texts, but the app has no name", APPLE, remedy)
    for locale in sorted(candidate.name_locales - candidate.text_locales):
        yield Finding("locales", f"{locale}: the app has a name, but the version has no texts", APPLE, remedy)
    primary = candidate.app.primary_locale
    if primary and primary not in candidate.text_locales:
        yield Finding("locales", f"{primary}: the primary locale has no texts", APPLE, remedy)


def number(candidate: Candidate) -> Iterator[Finding]:
    """Yield a version number that is not higher than the live one."""
    candidate_number, live_number = (
        BuildNumber.parse(candidate.version.version),
        BuildNumber.parse(candidate.live_version),
    )
    if candidate_number and live_number and candidate_number <= live_number:
        message = f"version {candidate_number.text} is not higher than {live_number.text}, which is live"
        yield Finding("version", message, APPLE, "Give version of update-app-store a higher number.")


def build_and_release(candidate: Candidate) -> Iterator[Finding]:
    """Yield the faults of the build, its export compliance, and the date and phases of the release."""
    yield from preparing.problems(
        candidate.version, candidate.prepared, is_first=candidate.is_first, now=candidate.now
    )


def screenshots(candidate: Candidate) -> Iterator[Finding]:
    """Yield sets that are empty, too large or not processed, and families of devices without a set."""
    for locale, sets in sorted(candidate.sets.items()):
        for display, shots in sorted(sets.items()):
            # update-app-store makes the other sets anew.
            if (locale, display) not in candidate.local_sets:
                yield from _set_findings(f"{locale}: {display}", shots)
    # Other locales show the screenshots of the primary one (a guess; Apple lists only the primary one's).
    primary = candidate.app.primary_locale
    filled = set(candidate.sets.get(primary, {}))
    filled |= {display for locale, display in candidate.local_sets if locale == primary}
    yield from missing_displays(filled, candidate.families, candidate.version.platform, f"{primary}: ")


def missing_displays(
    filled: set[str], families: tuple[str, ...], platform: str, label: str = ""
) -> Iterator[Finding]:
    """Yield each family of devices without screenshots."""
    remedy = "Put screenshots of one of these sizes into the folder, then run update-app-store."
    # Without the binary nobody knows the devices: an app for iPhone, iPad or both is one of the first two.
    # A family that Apple adds later is left to Apple's own check.
    groups = [DISPLAYS[name] for name in families if name in DISPLAYS]
    groups = groups or [
        (*DISPLAYS["IPHONE"], *DISPLAYS["IPAD"]) if platform == "IOS" else DISPLAYS.get(platform, ())
    ]
    for displays in groups:
        if displays and not filled & set(displays):
            yield Finding("screenshots", f"{label}there are none for {' or '.join(displays)}", APPLE, remedy)


def _set_findings(label: str, shots: MediaSet) -> Iterator[Finding]:
    if not shots.files:
        remedy = "Upload screenshots for it with update-app-store, or delete the set in App Store Connect."
        yield Finding("screenshots", f"{label} is an empty set", APPLE, remedy)
    if len(shots.files) > MOST:
        yield Finding(
            "screenshots", f"{label} has {len(shots.files)} pictures", APPLE, f"Leave {MOST} of them."
        )
    seen: dict[str, str] = {}
    for file in shots.files:
        name = printable_name(file.name)
        if not file.delivered:
            remedy = "Run update-app-store, which waits for Apple or uploads it again."
            reason = some([apple_reason.code for apple_reason in file.errors])
            message = f"{label}: {name} is {file.state or 'not processed'}{f' ({reason})' if reason else ''}"
            yield Finding("screenshots", message, APPLE, remedy)
        # Apple has no checksum of a file that it is still processing.
        checksum = file.checksums.get("MD5", "")
        if checksum and checksum in seen:
            message = f"{label}: {name} has the same bytes as {seen[checksum]}"
            yield Finding("duplicate", message, APPLE, "Delete one of the two.", "warning")
        seen.setdefault(checksum, name)


def review_details(candidate: Candidate) -> Iterator[Finding]:
    """Yield the contact, and the demo account, that reviewers need."""
    remedy = "Give it in review-info of update-app-store, or in the folder review_information."
    for name in _CONTACT:
        if name not in candidate.page.review:
            yield Finding(
                "review-information", f"{name} of the contact for reviewers is missing", APPLE, remedy
            )
    # A name without a password, or the reverse, is a rule of its own, for files as well.
    missing = [name for name in ("demo_user", "demo_password") if name not in candidate.page.review]
    if candidate.details.get("demoAccountRequired") and len(missing) == 2:
        message = "demo_user and demo_password are missing, and a demo account is said to be required"
        yield Finding("review-information", message, APPLE, remedy)


def age_rating(candidate: Candidate) -> Iterator[Finding]:
    """Yield the questions behind the age rating that have no answer."""
    # Apple added the newest in July 2026; no refusal because of them was seen yet.
    for names, level in ((REQUIRED, "error"), (NEWEST, "warning")):
        if unanswered := [name for name in names if candidate.rating.get(name) is None]:
            questions = f"{counted(len(unanswered), 'question')}: {', '.join(unanswered)}"
            message = f"the age rating has no answer to {questions}"
            remedy = "Answer in the input age-rating of update-app-store."
            yield Finding("age-rating", message, APPLE, remedy, level)


def app_settings(candidate: Candidate) -> Iterator[Finding]:
    """Yield the category, the copyright and the answer about content of others, if they are missing."""
    # A secondary category and subcategories are free to be missing.
    if "primary_category" not in candidate.page.categories:
        remedy = "Give primary_category in categories of update-app-store."
        yield Finding("categories", "primary_category is missing", APPLE, remedy)
    if not candidate.page.copyright:
        yield Finding("copyright", "the copyright is missing", APPLE, "Set copyright of update-app-store.")
    if not candidate.app.content_rights:
        remedy = "Set third-party-content of update-app-store."
        yield Finding("content-rights", "the question about third-party content has no answer", APPLE, remedy)


def price_and_territories(candidate: Candidate) -> Iterator[Finding]:
    """Yield a price and a territory that are missing, or that the key may not read."""
    yield from _required("price", candidate.has_price, "the app has no price", PRICE)
    message = "the app is sold in no territory"
    yield from _required("availability", candidate.territories, message, TERRITORY)


def _required(rule: str, is_there: bool | None, message: str, remedy: str) -> Iterator[Finding]:
    if is_there is None:
        yield _unreadable(rule)
    elif not is_there:
        yield Finding(rule, message, APPLE, remedy)


def _unreadable(rule: str) -> Finding:
    # A key with a small role is enough for the rest, so this is no error.
    remedy = "Use a key with the role App Manager, or set the rule to skip."
    return Finding(rule, "the key may not read it", APPLE, remedy, "warning")


def purchases(candidate: Candidate) -> Iterator[Finding]:
    """Yield purchases that are ready and in no submission, or not complete."""
    if candidate.purchases is None:
        yield _unreadable("in-app-purchases")
    for purchase in candidate.purchases or ():
        name = printable_name(purchase.product_id)
        if purchase.state == READY and not purchase.is_in_draft and purchase.id not in candidate.submitted:
            remedy = "Name it in in-app-purchases of submit-app-store."
            message = f"{name} is ready, and no submission holds it"
            yield Finding("in-app-purchases", message, APPLE, remedy, "warning")
        elif purchase.state == INCOMPLETE:
            remedy = "Complete it in App Store Connect, or leave it for later."
            message = f"{name} lacks texts, a price or a picture"
            yield Finding("in-app-purchases", message, APPLE, remedy, "warning")


def subscription_terms(candidate: Candidate) -> Iterator[Finding]:
    """Yield a description without a link to the terms of use, if the app sells subscriptions."""
    # Reviewers reject it under guideline 3.1.2; Apple's standard terms need the link as well.
    sells = any(
        purchase.kind == SUBSCRIPTION and purchase.state != INCOMPLETE
        for purchase in candidate.purchases or ()
    )
    primary = candidate.app.primary_locale
    text = candidate.page.texts_of(primary).get("description")
    if sells and text and not _LINK.search(text.value):
        message = f"{primary}: the description has no link to the terms of use, which subscriptions need"
        yield Finding("subscription-terms", message, text.place, "Add the address of the terms.", "warning")


RULES = (
    required_texts,
    locales,
    number,
    build_and_release,
    screenshots,
    review_details,
    age_rating,
    app_settings,
    price_and_territories,
    purchases,
    subscription_terms,
)
"""All rules, in the order in which their findings are reported."""
