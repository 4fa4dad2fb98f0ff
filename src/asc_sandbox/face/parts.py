"""What pages are made of: badges, moments, tables, sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from asc_sandbox.face import words
from asc_sandbox.face.html import Child, Html, element, joined
from asc_sandbox.face.words import Tone

LONGEST = 50
"""Rows of a table, or builds of an app; what is more is counted."""

FEW = 3
"""Names in a cell."""


def badge(state: str | None, tone: Tone | None = None) -> Html | None:
    """A state as Apple spells it; it may be broken at its underscores."""
    if not state:
        return None
    pieces = state.split("_")
    breakable = [piece for each in pieces[:-1] for piece in (f"{each}_", element("wbr"))]
    return element("span", *breakable, pieces[-1], class_=f"badge {tone or words.tone(state)}")


def moment(when: datetime | None, now: datetime) -> Html | None:
    """How far away a moment is; the date itself is in its title."""
    if when is None:
        return None
    date = when.isoformat(" ", "seconds")
    return element("time", words.distance(when, now), datetime=when.isoformat(), title=date)


def expiry(when: datetime | None, now: datetime) -> Html | None:
    """When something ends, marked where it has ended."""
    if when is None:
        return None
    tone = "warn" if when <= now else "plain"
    date = element("span", f"{when:%Y-%m-%d}", class_="date")
    return element("span", date, " ", moment(when, now), class_=f"expiry {tone}")


def code(text: str | None) -> Html | None:
    """Something to type or to compare; it may be broken anywhere."""
    return element("code", text) if text else None


def names(found: Sequence[str], none: str = "none") -> Html:
    """A few of some names, and how many more there are."""
    if not found:
        return element("span", none, class_="quiet")
    more = len(found) - FEW
    rest = element("span", f" and {more} more", class_="quiet") if more > 0 else None
    return joined(", ".join(found[:FEW]), rest)


def table(
    label: str, columns: Sequence[str], rows: Iterable[Sequence[Child]], total: int, limit: int = LONGEST
) -> Html:
    """A table, of which a narrow screen makes a list of cards; the first cell of a row names it.

    Roles are spelled out: where a style changes `display`, browsers forget that it is a table.
    """
    head = element(
        "tr", *(element("th", each, scope="col", role="columnheader") for each in columns), role="row"
    )
    body = [_row(columns, row) for row in islice(rows, limit)]
    shown = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        role="table",
        aria_label=label,
    )
    return joined(shown, more(total, limit))


def _row(columns: Sequence[str], row: Sequence[Child]) -> Html:
    first = element("th", row[0], scope="row", role="rowheader")
    others = (
        element("td", element("span", cell, class_="cell"), role="cell", data_label=column)
        for column, cell in zip(columns[1:], row[1:], strict=True)
    )
    return element("tr", first, *others, role="row")


def more(total: int, limit: int = LONGEST) -> Html | None:
    """How many there are that a list leaves out."""
    return element("p", f"… and {total - limit} more.", class_="more") if total > limit else None


def section(name: str, title: str, count: int | None, *children: Child, live: bool = True) -> Html:
    """A part of a page with a heading. A live one is renewed while the page is open."""
    number = None if count is None else element("span", count, class_="count")
    heading = element("h2", title, " ", number, id=f"{name}-title")
    return element("section", heading, *children, id=name, aria_labelledby=f"{name}-title", data_live=live)


def empty(words_: str, *commands: str) -> Html:
    """Says that there is nothing, and what to do about it."""
    return joined(element("p", words_, class_="empty"), commands_to_run(*commands) if commands else None)


def commands_to_run(*commands: str) -> Html:
    """Lines for a shell. A keyboard can scroll them."""
    return element("pre", element("code", "\n".join(commands)), tabindex=0)
