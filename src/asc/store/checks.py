"""Rules that need no App Store Connect: limits of texts, addresses, contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asc.errors import Error, ManyError
from asc.store import age_rating
from asc.store.categories import check_categories
from asc.store.limits import BY_NAME, LONGEST_NOTES, TRUTHS, defects, doubts
from asc.store.wanted import Finding, Place, Text, WantedPage
from asc.words import printable_name, sentence


def check_page(page: WantedPage) -> list[Finding]:
    """Return everything in a page that Apple refuses or may refuse, with its file and line."""
    return [*page.findings, *_texts(page), *check_categories(page), *_review(page), *age_rating.check(page)]


def as_error(findings: Sequence[Finding]) -> Error:
    """Return the findings as one error, with a line and a remedy for each."""
    errors = [Error(sentence(finding.message), finding.remedy) for finding in findings]
    return errors[0] if len(errors) == 1 else ManyError(errors)


def _texts(page: WantedPage) -> Iterator[Finding]:
    for locale, texts in page.labelled_texts():
        for name, text in texts.items():
            label = f"{locale}: {name}"
            for defect in defects(BY_NAME[name], text.value):
                yield Finding("limits", f"{label} {defect}", text.place, "Correct the text.")
            for doubt in doubts(BY_NAME[name], text.value):
                yield Finding("limits", f"{label} {doubt}", text.place, "Shorten it.", "warning")


def _review(page: WantedPage) -> Iterator[Finding]:
    review = page.review
    phone, notes = review.get("phone_number"), review.get("notes")
    # Apple refuses the number otherwise, and with it the whole review information.
    if phone and not phone.value.startswith("+"):
        message = "phone_number begins without + and the code of the country"
        yield Finding("review-information", message, phone.place, "Write it like +1 555 555 0100.")
    if notes and len(notes.value) > LONGEST_NOTES:
        message = f"notes have {len(notes.value)} characters; Apple accepts {LONGEST_NOTES}"
        yield Finding("review-information", message, notes.place, "Shorten them.")
    required = review.get("demo_required")
    if required and required.value.lower() not in TRUTHS:
        message = f"demo_required is {printable_name(required.value)}"
        yield Finding("review-information", message, required.place, "Write true or false.")
    user, password = review.get("demo_user"), review.get("demo_password")
    if bool(user) != bool(password):
        present, absent = ("demo_user", "demo_password") if user else ("demo_password", "demo_user")
        place = (user or password or Text("", Place(""))).place
        message = f"{present} is there without {absent}"
        yield Finding("review-information", message, place, f"Give {absent}, too.")
