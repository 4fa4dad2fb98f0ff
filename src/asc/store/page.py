"""The store page as Apple has it: the texts of a version and of the app, categories, age rating, review details."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from asc.api.client import Client
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut
from asc.api.errors import ApiError
from asc.apps.app import app_not_visible
from asc.store.limits import CATEGORIES
from asc.store.version import LIVE, StoreVersion

log = logging.getLogger(__name__)


# The last one is a guess, as for versions (`version.DRAFT`).
EDITABLE_INFO = ("PREPARE_FOR_SUBMISSION", "DEVELOPER_REJECTED", "REJECTED", "READY_FOR_REVIEW")
_NEWER_INFO = {"READY_FOR_SALE": LIVE}
_FACTS = {"fields[apps]": "bundleId,name,primaryLocale,contentRightsDeclaration"}
_INFO_INCLUDES = ("appInfoLocalizations", "ageRatingDeclaration", *CATEGORIES.values())
PAGE_READS = 2
"""Requests of `read_page`."""
APPEARS = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between looks for the texts and the app info of a new version, which Apple makes. A minute in all."""


@dataclass(frozen=True)
class AppFacts:
    """Texts and settings of an app that do not depend on its version."""

    id: str
    bundle_id: str
    primary_locale: str
    content_rights: str


@dataclass(frozen=True)
class Info:
    """An app info: names and categories, shared by all platforms. `texts` is by locale."""

    id: str
    state: str
    texts: Mapping[str, Resource] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    rating: Resource | None = None

    @property
    def is_editable(self) -> bool:
        """True if names, categories and the age rating can be changed."""
        return self.state in EDITABLE_INFO


@dataclass(frozen=True)
class Page:
    """The page of one version. `version` is None, and ids of its texts mean nothing, if it is still to be made."""

    version: StoreVersion | None
    texts: Mapping[str, Resource] = field(default_factory=dict)
    review: Resource | None = None
    info: Info | None = None


def read_app(client: Client, bundle_id: str | None, app_id: str | None) -> AppFacts:
    """Return the app. Raises Error, with the apps that the key sees, if there is none."""
    if app_id:
        try:
            return _facts(client.get(f"/v1/apps/{app_id}", _FACTS).resource)
        except ApiError as error:
            if error.status == 404:
                raise app_not_visible(client, f"the id {app_id}") from None
            raise
    # By the bundle id the app and its facts come in one request.
    listed = client.list("/v1/apps", {"filter[bundleId]": bundle_id, **_FACTS})
    for resource in listed.data:
        # Apple's filter also finds bundle ids that only begin like this one.
        if resource.text("bundleId") == bundle_id:
            return _facts(resource)
    raise app_not_visible(client, f"the bundle id {bundle_id}")


def _facts(app: Resource) -> AppFacts:
    return AppFacts(
        app.id, app.text("bundleId"), app.text("primaryLocale"), app.text("contentRightsDeclaration")
    )


def read_page(client: Client, app_id: str, version: StoreVersion | None, *, live: bool = False) -> Page:
    """Return the page of a version, with the app info that can be edited or is live: two requests, side by side."""
    # Neither needs the other's answer.
    with ThreadPoolExecutor(1) as pool:
        info = pool.submit(read_info, client, app_id, live=live)
        if version is None:
            return Page(None, info=info.result())
        return replace(_page_of_version(client, version), info=info.result())


def read_info(client: Client, app_id: str, *, live: bool = False) -> Info | None:
    """Return the app info that can be edited, or the live one if `live`; else the newest there is."""
    document = client.list(
        f"/v1/apps/{app_id}/appInfos",
        {"include": ",".join(_INFO_INCLUDES), "limit[appInfoLocalizations]": LARGEST_INCLUDE},
    )
    infos = [_info(client, document, resource) for resource in document.data]
    editable = [info for info in infos if info.is_editable]
    current = [info for info in infos if info.state != "REPLACED_WITH_NEW_INFO"]
    under_way = [info for info in current if info.state != LIVE]
    # Usually there are two, the live one and the editable one. In review none can be edited: the newest is compared.
    first = [info for info in infos if info.state == LIVE] if live else editable
    return next(iter((*first, *under_way, *current, *infos)), None)


def await_texts(client: Client, app_id: str, version: StoreVersion, locales: int) -> Page:
    """Return the page of a version that was just made, once Apple has copied the texts into it.

    Apple copies `locales` texts from the last version and makes an app info, both some seconds late: a text that is
    made meanwhile would be a duplicate. After a minute the page is what it is.
    """
    page = read_page(client, app_id, version)
    for pause in APPEARS:
        # The app info counts as well: names are locked in the live one.
        if len(page.texts) >= locales and page.info and page.info.is_editable:
            return page
        log.info("Waiting for Apple to copy the texts of the last version")
        client.pause(pause)
        page = read_page(client, app_id, version)
    return page


def _page_of_version(client: Client, version: StoreVersion) -> Page:
    """Return the page of a version without its app info. The copyright is read anew with the texts."""
    path = f"/v1/appStoreVersions/{version.id}"
    document = client.get(
        path,
        {
            "include": "appStoreVersionLocalizations,appStoreReviewDetail",
            "limit[appStoreVersionLocalizations]": LARGEST_INCLUDE,
        },
    )
    # One request for all locales: Apple includes 50, and there are 50.
    resource = document.resource
    texts = document.many(resource, "appStoreVersionLocalizations")
    if is_cut(resource, "appStoreVersionLocalizations"):
        texts = list(client.list(f"{path}/appStoreVersionLocalizations").data)
    renewed = replace(version, copyright=resource.text("copyright"))
    return Page(renewed, _by_locale(texts), document.one(resource, "appStoreReviewDetail"))


def _info(client: Client, document: Document, resource: Resource) -> Info:
    texts = document.many(resource, "appInfoLocalizations")
    if is_cut(resource, "appInfoLocalizations"):
        texts = list(client.list(f"/v1/appInfos/{resource.id}/appInfoLocalizations").data)
    older = resource.text("appStoreState")
    categories = {
        name: related[0][1]
        for name, relationship in CATEGORIES.items()
        if (related := resource.related(relationship))
    }
    return Info(
        resource.id,
        # Some answers have only the deprecated name of the state, as those of versions.
        resource.text("state") or _NEWER_INFO.get(older, older),
        _by_locale(texts),
        categories,
        document.one(resource, "ageRatingDeclaration"),
    )


def _by_locale(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {resource.text("locale"): resource for resource in resources}
