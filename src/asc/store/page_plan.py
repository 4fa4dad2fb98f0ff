"""The plan of an update of a page: its options, its writes, and the differences that they remove."""

from __future__ import annotations

from dataclasses import dataclass, field

from asc.changes.change import Plan
from asc.store.wanted import WantedPage


@dataclass(frozen=True)
class Difference:
    """One line of the plan: a field, for a locale or ("") for the whole app, before and after."""

    locale: str
    field: str
    before: str
    after: str

    def __str__(self) -> str:
        where = f"{self.locale} " if self.locale else ""
        return f"{where}{self.field}: {_short(self.before)} → {_short(self.after)}"


@dataclass(frozen=True)
class UpdateOptions:
    """The options of an update beside the page itself.

    clear: fastlane's names of texts to empty. content_rights: Apple's word, or "" to leave it. remove_locales: whether
    locales that the page does not have are removed; their names of the app stay if `keep_names` is True.
    """

    page: WantedPage
    clear: tuple[str, ...] = ()
    content_rights: str = ""
    remove_locales: bool = False
    keep_names: bool = False


@dataclass(frozen=True)
class PagePlan:
    """The writes, and their differences; Apple's states do not allow the `blocked` differences now."""

    plan: Plan = field(default_factory=Plan)
    differences: tuple[Difference, ...] = ()
    blocked: tuple[Difference, ...] = ()


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat[:57]}…”" if len(flat) > 60 else (f"“{flat}”" if flat else "(empty)")
