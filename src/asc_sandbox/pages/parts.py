"""The parts of pages: badges, times, tables, sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from asc_sandbox.pages import words
from asc_sandbox.pages.html import Child, Html, element, joined
from asc_sandbox.pages.words import Tone

MOST_ROWS = 50
"""Rows of a table, or builds of an app; the others are only counted."""

MOST_NAMED = 3
"""Names in a cell; the others are only counted."""


def badge(state: str | None, tone: Tone | None = None) -> Html | None:
    """Return a state as Apple spells it; a line may break after its underscores."""
    if not state:
        return None
    pieces = state.split("_")
    breakable = [piece for word in pieces[:-1] for piece in (f"{word}_", element("wbr"))]
    return element("span", *breakable, pieces[-1], class_=f"badge {tone or words.tone(state)}")


def moment(when: datetime | None, now: datetime) -> Html | None:
    """Return the distance of a time from now, with the date itself as the title."""
    if when is None:
        return None
    date = when.isoformat(" ", "seconds")
    return element("time", words.distance(when, now), datetime=when.isoformat(), title=date)


def expiry(when: datetime | None, now: datetime) -> Html | None:
    """Return the end of something, marked if it is past."""
    if when is None:
        return None
    tone = "warn" if when <= now else "plain"
    date = element("span", f"{when:%Y-%m-%d}", class_="date")
    return element("span", date, " ", moment(when, now), class_=f"expiry {tone}")


def code(text: str | None) -> Html | None:
    """Return text to type or to compare; a line may break anywhere in it."""
    return element("code", text) if text else None


def names(listed: Sequence[str]) -> Html:
    """Return a few of the names, and how many more there are."""
    if not listed:
        return element("span", "none", class_="quiet")
    more = len(listed) - MOST_NAMED
    rest = element("span", f" and {more} more", class_="quiet") if more > 0 else None
    return joined(", ".join(listed[:MOST_NAMED]), rest)


def table(
    label: str, columns: Sequence[str], rows: Iterable[Sequence[Child]], total: int, limit: int = MOST_ROWS
) -> Html:
    """Return a table, which a narrow screen shows as a list of cards; the first cell of a row names it."""
    # The roles are spelled out, because browsers forget that it is a table if a style changes its `display`.
    head = element(
        "tr", *(element("th", column, scope="col", role="columnheader") for column in columns), role="row"
    )
    body = [_row(columns, row) for row in islice(rows, limit)]
    content = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        role="table",
        aria_label=label,
    )
    return joined(content, more(total, limit))


def _row(columns: Sequence[str], row: Sequence[Child]) -> Html:
    first = element("th", row[0], scope="row", role="rowheader")
    others = (
        element("td", element("span", cell, class_="cell"), role="cell", data_label=column)
        for column, cell in zip(columns[1:], row[1:], strict=True)
    )
    return element("tr", first, *others, role="row")


def more(total: int, limit: int = MOST_ROWS) -> Html | None:
    """Return how many entries a list leaves out, None if it shows all."""
    return element("p", f"… and {total - limit} more.", class_="more") if total > limit else None


def section(name: str, title: str, count: int | None, *children: Child, live: bool = True) -> Html:
    """Return a part of a page with a heading. A live part is renewed while the page is open."""
    number = None if count is None else element("span", count, class_="count")
    heading = element("h2", title, " ", number, id=f"{name}-title")
    return element("section", heading, *children, id=name, aria_labelledby=f"{name}-title", data_live=live)


def empty(words_: str, *commands: str) -> Html:
    """Return a hint that there is nothing, with commands that change it."""
    return joined(element("p", words_, class_="empty"), commands_to_run(*commands) if commands else None)


def commands_to_run(*commands: str) -> Html:
    """Return commands as lines to copy into a shell."""
    # With a tabindex a keyboard can scroll the lines.
    return element("pre", element("code", "\n".join(commands)), tabindex=0)
