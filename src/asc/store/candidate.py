"""A version as it would go to review: the page at Apple with the changes that files of a repository make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from asc.api.client import REQUESTS_AT_ONCE, Client, Query
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut
from asc.api.errors import ApiError
from asc.store import age_rating
from asc.store.limits import FIELDS, REVIEW
from asc.store.media import MediaSet, MediaSets
from asc.store.page import AppFacts, Page, read_app, read_page
from asc.store.preparing import Preparation
from asc.store.purchases import Purchase, read_purchases
from asc.store.screenshots import Screenshots
from asc.store.texts_plan import review_attributes
from asc.store.version import LIVE, StoreVersion
from asc.store.wanted import APPLE, Text, WantedPage

T = TypeVar("T")


@dataclass(frozen=True)
class Candidate:
    """A version and all that its review looks at. None stands for a part that the key may not read.

    page: the texts as they will be, with their files and lines or APPLE as the place. text_locales, name_locales:
    the locales of the version and of the app's names. details: Apple's review details. rating: answers by Apple's
    names. prepared: the build, release and phases as they will be. families: the devices that the build runs on, ()
    if unknown. sets: locale → display → the set at Apple. local_sets: the sets that files replace. territories: True
    if the app is available somewhere. submitted: ids of the purchases that go along. live_version: the number in the
    App Store, "" if none is.
    """

    app: AppFacts
    version: StoreVersion
    is_first: bool
    now: datetime
    page: WantedPage
    prepared: Preparation
    text_locales: frozenset[str] = frozenset()
    name_locales: frozenset[str] = frozenset()
    details: Mapping[str, Any] = field(default_factory=dict)
    rating: Mapping[str, Any] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    sets: Mapping[str, Mapping[str, MediaSet]] = field(default_factory=dict)
    local_sets: frozenset[tuple[str, str]] = frozenset()
    has_price: bool | None = None
    territories: bool | None = None
    purchases: tuple[Purchase, ...] | None = None
    submitted: frozenset[str] = frozenset()
    live_version: str = ""

    def with_files(self, files: WantedPage, shots: Screenshots, families: tuple[str, ...]) -> Candidate:
        """Return the candidate as it is once update-app-store has written these files."""
        # `default` fills the locales of the files alone, as update-app-store has it.
        # The places of the files stay, so that a finding is an annotation at its line.
        expanded = {locale: files.texts_of(locale) for locale in files.texts}
        written = replace(files, texts=expanded, default={}, everywhere={})
        local = frozenset(shots.by_set())
        locales = {*expanded, *(locale for locale, _ in local)}
        return replace(
            self,
            page=self.page.beaten_by(written),
            text_locales=self.text_locales | locales,
            name_locales=self.name_locales | locales,
            # A file says "false" in letters, which would be true to Python.
            details={**self.details, **review_attributes(files.review, self.details)},
            rating={**self.rating, **age_rating.answers(files.age_rating)},
            families=families,
            local_sets=local,
        )


def read_candidate(
    client: Client,
    app_id: str,
    versions: Sequence[StoreVersion],
    version: StoreVersion,
    prepared: Preparation,
    now: datetime,
    *,
    live: bool = False,
) -> Candidate:
    """Return the version with all that its review looks at: about nine requests and one for each locale, at once."""
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        app = pool.submit(read_app, client, None, app_id)
        page_job = pool.submit(read_page, client, app_id, version, live=live)
        price = pool.submit(_allowed, lambda: _has_price(client, app_id))
        territories = pool.submit(_allowed, lambda: _is_available(client, app_id))
        purchases = pool.submit(_allowed, lambda: tuple(read_purchases(client, app_id)))
        page = page_job.result()
        # Apple has no request for the sets of all locales.
        sets = {
            locale: pool.submit(MediaSets(client, None).sets, text.id) for locale, text in page.texts.items()
        }
        live_version = next(
            (listed_version.version for listed_version in versions if listed_version.state == LIVE), ""
        )
        # The only version of a platform is its first one: the list holds the candidate itself.
        bare = Candidate(app.result(), version, len(versions) == 1, now, WantedPage(), prepared)
        return replace(
            _with_page(bare, page),
            live_version=live_version,
            sets={locale: reading.result() for locale, reading in sets.items()},
            has_price=price.result(),
            territories=territories.result(),
            purchases=purchases.result(),
        )


def _with_page(candidate: Candidate, page: Page) -> Candidate:
    info = page.info
    return replace(
        candidate,
        page=page_at_apple(page, candidate.version.copyright),
        text_locales=frozenset(page.texts),
        name_locales=frozenset(info.texts if info else ()),
        details=page.review.attributes if page.review else {},
        rating=info.rating.attributes if info and info.rating else {},
    )


def page_at_apple(page: Page, copyright_: str) -> WantedPage:
    """Return Apple's page in the form of a repository's, so that the same rules read both."""
    infos = page.info.texts if page.info else {}
    texts: dict[str, dict[str, Text]] = {}
    # A locale may have a name and no texts, or the reverse: the rules want to see both.
    for locale in (*page.texts, *(name_locale for name_locale in infos if name_locale not in page.texts)):
        owners = {"version": page.texts.get(locale), "info": infos.get(locale)}
        values = {
            field.name: owner.text(field.attribute) for field in FIELDS if (owner := owners[field.owner])
        }
        texts[locale] = {name: Text(value, APPLE) for name, value in values.items() if value.strip()}
    categories = page.info.categories if page.info else {}
    review = {name: page.review.text(attribute) for name, attribute in REVIEW.items()} if page.review else {}
    return WantedPage(
        texts=texts,
        copyright=Text(copyright_, APPLE) if copyright_ else None,
        categories={name: Text(value, APPLE) for name, value in categories.items()},
        review={name: Text(value, APPLE) for name, value in review.items() if value},
    )


def _allowed(read: Callable[[], T]) -> T | None:
    """Return the answer, or None if the role of the key may not read it."""
    # Prices and purchases need a greater role than texts: a key for texts can still check the rest.
    try:
        return read()
    except ApiError as error:
        if error.status != 403:
            raise
        return None


def _has_price(client: Client, app_id: str) -> bool:
    return _get_if_made(client, f"/v1/apps/{app_id}/appPriceSchedule") is not None


def _get_if_made(client: Client, path: str, query: Query | None = None) -> Document | None:
    """Return a document, or None if Apple has nothing there."""
    try:
        # Apple answers 404 for a resource that was never made, and for some at random: a second answer decides.
        document = client.get(path, query, retry_404=True)
    except ApiError as error:
        if error.status != 404:
            raise
        return None
    return document if document.data else None


def _is_available(client: Client, app_id: str) -> bool:
    name = "territoryAvailabilities"
    query: Query = {"include": name, f"limit[{name}]": LARGEST_INCLUDE}
    availability = _get_if_made(client, f"/v1/apps/{app_id}/appAvailabilityV2", query)
    if availability is None:
        return False
    if _any_available(availability.many(availability.resource, name)):
        return True
    # One territory is enough, and it is mostly among the first 50 of 175: the long list is seldom read.
    if not is_cut(availability.resource, name):
        return False
    return _any_available(client.list(f"/v2/appAvailabilities/{availability.resource.id}/{name}").data)


def _any_available(territories: Iterable[Resource]) -> bool:
    return any(territory.attributes.get("available") for territory in territories)
