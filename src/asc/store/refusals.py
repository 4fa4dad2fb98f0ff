"""Foresees and explains refusals of a store page: characters, states of a version, names that are taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from asc.api.errors import ApiError
from asc.apps.texts import clean
from asc.changes.change import Change
from asc.changes.rules import Rules
from asc.errors import Error
from asc.store.limits import BY_NAME
from asc.store.page_plan import Difference
from asc.store.wanted import Text, Texts, WantedPage
from asc.words import listed


class StoreRules(Rules):
    """The meaning of refusals of texts. None stops the others: a failing locale leaves the rest right."""

    def may_pass(self, change: Change, error: ApiError) -> bool:
        """Return True for a state that passes: Apple locks parts of a version for some seconds after it was made."""
        # Reported as fastlane 16911. Later the same code means a locked version, and no wait would help.
        return error.status == 409 and error.has_code("STATE_ERROR") and change.settles

    def is_unsure(self, change: Change, error: Error) -> bool:
        """Return True if only a read tells. A name that is taken is called a duplicate, too, and is no doubt."""
        return super().is_unsure(change, error) and not _is_name_taken(error)

    def stops(self, change: Change, error: Error) -> bool:
        """Return False: the texts of other locales are written all the same."""
        return False

    def hint(self, change: Change, error: Error) -> str:
        """Return the remedy for a refusal, in one imperative sentence."""
        if _is_name_taken(error):
            return "Choose another name for this locale; Apple reserves names for the whole App Store."
        if isinstance(error, ApiError) and error.status == 409:
            return "Correct the text that the message names, then run the step again: it writes only what is left."
        return error.remedy


def _is_name_taken(error: Error) -> bool:
    return isinstance(error, ApiError) and any(
        "DUPLICATE" in reason.code and reason.source.endswith("/name") for reason in error.errors
    )


def without_blocked_characters(page: WantedPage) -> tuple[WantedPage, list[str]]:
    """Return the page without characters that Apple refuses (emoji, controls), and a line for each text changed."""
    lines: list[str] = []

    def cleaned(label: str, texts: Texts) -> dict[str, Text]:
        kept = dict(texts)
        for name, text in texts.items():
            text_field = BY_NAME[name]
            # Names may have characters that Apple refuses in long texts; Apple says so if not.
            if text_field.is_url or text_field.owner == "info":
                continue
            value, changes = clean(text.value, limit=max(len(text.value) * 2, text_field.longest))
            if changes:
                lines.append(f"{text.place}: {label} {name}: {', '.join(changes)}")
            kept[name] = Text(value, text.place)
        return kept

    default = cleaned("default", page.default)
    everywhere = cleaned("every locale", page.everywhere)
    by_locale = {locale: cleaned(locale, texts) for locale, texts in page.texts.items()}
    return replace(page, texts=by_locale, default=default, everywhere=everywhere), lines


def blocked_error(blocked: Iterable[Difference], state: str) -> Error:
    """Return the error for differences that cannot be written in the state of the version."""
    names = listed([f"{difference.locale} {difference.field}".strip() for difference in blocked])
    return Error(
        f"The version is {state}, so these cannot be changed now: {names}. Nothing was written.",
        "Withdraw it (submit-app-store, action: withdraw), then run the step again.",
    )
