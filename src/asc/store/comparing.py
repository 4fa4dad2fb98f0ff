"""Compares the store page at Apple with the wished one after the writes: a 200 is no proof that Apple kept a text."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from asc.api.client import Client
from asc.api.polling import look_until
from asc.changes.change import Change
from asc.errors import Error, UnreachableError
from asc.store.limits import BY_NAME, CATEGORIES, REVIEW
from asc.store.page import AppFacts, Page, read_app, read_page
from asc.store.page_plan import Difference, PagePlan, UpdateOptions
from asc.store.texts_plan import plan_page
from asc.store.version import read_version
from asc.words import listed

log = logging.getLogger(__name__)

_OF_THE_APP = {"locale", "name of the app", "copyright", "third-party-content", *CATEGORIES, *REVIEW}
_NEVER_SHOWN = "demo_password"
"""A field that Apple need not give back, because it is a secret."""


def compare_page(
    client: Client,
    app: AppFacts,
    before: Page,
    options: UpdateOptions,
    done: Sequence[Change],
    *,
    is_first: bool,
) -> None:
    """Read the page again after the changes `done`, and raise Error with the fields that are not as wished.

    A field may differ if characters were taken out of it because Apple refused them.
    """
    if not done:
        return

    def left() -> list[Difference]:
        shown = read_page(client, app.id, before.version)
        facts = app
        # Content rights belong to the app, not to the page: one more request, only if they were written.
        if any(change.kind == "apps" for change in done):
            facts = replace(app, content_rights=read_app(client, None, app.id).content_rights)
        return _differences_left(plan_page(facts, shown, options, is_first=is_first), shown, done)

    differing = look_until(client, left, lambda differing: not differing)
    if not differing:
        return
    names = listed([f"{difference.locale} {difference.field}".strip() for difference in differing])
    raise Error(
        f"Apple took the changes, but these are not as they were written: {names}.",
        "Check that nobody else edits the page, then run the step again: it writes what differs.",
    )


def check_after_refusal(
    client: Client, app: AppFacts, before: Page, options: UpdateOptions, error: Error, *, is_first: bool
) -> None:
    """Return if another job submitted the version meanwhile, with the page as wished. Raises Error otherwise.

    `error` is the refusal of a change. It is raised as it is unless the version was submitted since `before`.
    """
    # An outage says nothing about other jobs, and a version that was locked before was not submitted meanwhile.
    if isinstance(error, UnreachableError) or not before.version or not before.version.is_editable:
        raise error
    try:
        version = read_version(client, before.version.id)
        if version.is_editable:
            raise error
        now = plan_page(app, read_page(client, app.id, version), options, is_first=is_first)
    except Error:
        # A second failure says less than the first.
        raise error from None
    if now.blocked or now.plan.changes:
        raise Error(
            f"{error.message} The version was submitted while this step ran, and is {version.state}.",
            "Withdraw it (submit-app-store, action: withdraw), then run the step again. Give jobs that write one "
            "version `concurrency`.",
        )
    log.info("Another job wrote the same page and submitted the version, which is %s", version.state)


def _differences_left(plan: PagePlan, shown: Page, done: Sequence[Change]) -> list[Difference]:
    mended = set(_mended(done, shown))
    # A version that went to review meanwhile blocks its differences, and they are no less wrong.
    differences = (*plan.differences, *plan.blocked)
    return [difference for difference in differences if _counts(difference, shown, mended)]


def _counts(difference: Difference, page: Page, mended: set[tuple[str, str]]) -> bool:
    text = BY_NAME.get(difference.field)
    if difference.field == _NEVER_SHOWN or (text and (difference.locale, text.attribute) in mended):
        return False
    # A question of the age rating that this code does not know may be one that Apple never shows.
    rating = page.info.rating.attributes if page.info and page.info.rating else {}
    return text is not None or difference.field in _OF_THE_APP or difference.field in rating


def _mended(done: Sequence[Change], page: Page) -> Iterator[tuple[str, str]]:
    """Yield the locale and attribute of each text that was changed on its way, as Apple asked for."""
    infos = page.info.texts if page.info else {}
    locales = {text.id: locale for texts in (page.texts, infos) for locale, text in texts.items()}
    for change in done:
        if change.mended:
            data = change.body["data"]
            attributes = data["attributes"]
            locale = attributes.get("locale") or locales.get(data.get("id", ""), "")
            yield from ((locale, name) for name in attributes)
