"""The difference between the page that the repository wants and the one that Apple has, and the writes for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asc.api.document import Resource, reference, request_body
from asc.apps.texts import same
from asc.changes.change import Change, Plan
from asc.errors import Error
from asc.store import age_rating
from asc.store.categories import category_id
from asc.store.limits import BY_NAME, CATEGORIES, FIELDS, RELEASE_NOTES, REVIEW, TRUTHS, Owner
from asc.store.page import AppFacts, Info, Page
from asc.store.page_plan import Difference, PagePlan, UpdateOptions
from asc.store.wanted import Texts
from asc.words import listed

PROMOTIONAL = "promotionalText"
HIDDEN = "(hidden)"
PERSONAL = {
    "contactFirstName",
    "contactLastName",
    "contactPhone",
    "contactEmail",
    "demoAccountName",
    "demoAccountPassword",
}
"""Attributes of the review whose values no plan shows: everybody reads the log of a public repository."""
_NAMES_OF_REVIEW = {attribute: name for name, attribute in REVIEW.items()}
_ANSWERS = {"USES_THIRD_PARTY_CONTENT": "true", "DOES_NOT_USE_THIRD_PARTY_CONTENT": "false"}
"""Apple's words for content rights → the values of the input third-party-content."""


def plan_page(app: AppFacts, page: Page, options: UpdateOptions, *, is_first: bool) -> PagePlan:
    """Return the writes that make `page` as wished; none if it is so already.

    Raises Error if Apple shows no app info or age rating that the wishes could change.
    """
    planner = _Planner(app, page, options, is_first)
    planner.work()
    # A name that fails keeps the texts of its locale from being made: the next run then finds neither, and makes both.
    # Removals come last, so that a step that breaks off leaves too many locales and not too few.
    all_phases = (planner.names, planner.creations, planner.changes, planner.removals)
    phases = tuple(tuple(phase) for phase in all_phases if phase)
    plan = Plan(phases, warnings=tuple(planner.warnings))
    return PagePlan(plan, tuple(planner.differences), tuple(planner.blocked))


class _Planner:
    def __init__(self, app: AppFacts, page: Page, options: UpdateOptions, is_first: bool) -> None:
        self._app = app
        self._page = page
        self._options = options
        self._local = options.page
        self._is_first = is_first
        self.names: list[Change] = []
        self.creations: list[Change] = []
        self.changes: list[Change] = []
        self.removals: list[Change] = []
        self.differences: list[Difference] = []
        self.blocked: list[Difference] = []
        self.warnings: list[str] = []

    def work(self) -> None:
        """Go through all that a page has."""
        self._refuse_without_info()
        for locale in self._locales():
            texts = self._local.texts_of(locale)
            if self._page.info:
                self._info_text(self._page.info, locale, texts)
            self._version_text(locale, texts)
        self._warn_of_nameless()
        if self._options.remove_locales:
            self._remove_locales()
        self._copyright()
        self._content_rights()
        if self._page.info:
            self._categories(self._page.info)
            self._age_rating(self._page.info)
        self._review()
        if self._is_first and any(RELEASE_NOTES.name in texts for texts in self._all_texts()):
            self.warnings.append("Release notes are left out: the first version of an app has none.")

    def _refuse_without_info(self) -> None:
        if self._page.info:
            return
        texts = {name for texts in self._all_texts() for name in texts if BY_NAME[name].owner == "info"}
        wishes = [
            *sorted(texts),
            *self._local.categories,
            *(["age-rating"] if self._local.age_rating else []),
        ]
        if wishes:
            raise Error(
                f"App Store Connect shows no app info, so it cannot take {', '.join(wishes)}.",
                "Open App Information of the app in App Store Connect once, and run the step again.",
            )

    def _locales(self) -> Iterable[str]:
        """Return the locales to write: the repository's, and Apple's as well if a text is for every locale."""
        own = self._local.texts
        # Texts for every locale must not be written to locales that go.
        if self._options.remove_locales:
            return own
        spread = self._local.everywhere or self._options.clear or (self._local.default and not own)
        return dict.fromkeys((*own, *(self._page.texts if spread else ())))

    def _all_texts(self) -> Iterator[Texts]:
        yield self._local.default
        yield self._local.everywhere
        yield from self._local.texts.values()

    def _version_text(self, locale: str, texts: Texts) -> None:
        existing = self._page.texts.get(locale)
        attributes = dict(self._attributes(locale, "version", texts, existing))
        if existing is not None and not attributes:
            return
        # Apple takes promotional texts in any state.
        free = existing is not None and set(attributes) == {PROMOTIONAL}
        self._tell(locale, attributes, existing, allowed=free or self._is_editable)
        if existing is None:
            owner = {"appStoreVersion": reference("appStoreVersions", self._version_id)}
            body = request_body("appStoreVersionLocalizations", {"locale": locale, **attributes}, None, owner)
            self.creations.append(_creation(body, f"add the {locale} texts", after=_placeholder(locale)))
        else:
            self._patch("appStoreVersionLocalizations", existing.id, attributes, f"the {locale} texts")

    def _info_text(self, info: Info, locale: str, texts: Texts) -> None:
        existing = info.texts.get(locale)
        attributes = dict(self._attributes(locale, "info", texts, existing))
        # A new locale needs a name. For a locale that is there nobody asked for one, and all platforms would show it.
        if not attributes and (existing is not None or locale in self._page.texts):
            return
        if existing is None and not attributes.get("name"):
            primary = info.texts.get(self._app.primary_locale)
            if primary is None or not primary.text("name"):
                self.warnings.append(
                    f"{locale} has no name, and none can be taken from the primary language."
                )
                return
            attributes["name"] = primary.text("name")
            self.warnings.append(f"{locale} has no name: it gets the one of the primary language.")
        self._tell(locale, attributes, existing, allowed=info.is_editable)
        if existing is None:
            owner = {"appInfo": reference("appInfos", info.id)}
            body = request_body("appInfoLocalizations", {"locale": locale, **attributes}, None, owner)
            self.names.append(_creation(body, f"add the {locale} name", makes=_placeholder(locale)))
        else:
            self._patch("appInfoLocalizations", existing.id, attributes, f"the {locale} name and subtitle")

    def _warn_of_nameless(self) -> None:
        info = self._page.info
        named = {
            *(info.texts if info else ()),
            *(change.body["data"]["attributes"]["locale"] for change in self.names),
        }
        nameless = [locale for locale in self._locales() if info and locale not in named]
        if nameless:
            self.warnings.append(
                f"The app has no name in {listed(nameless)}: Apple may refuse the submission. Give each of them a name."
            )

    def _attributes(
        self, locale: str, owner: Owner, texts: Texts, existing: Resource | None
    ) -> Iterator[tuple[str, str | None]]:
        for text_field in FIELDS:
            # The first version of a platform has no release notes: Apple refuses the attribute.
            if text_field.owner != owner or (text_field is RELEASE_NOTES and self._is_first):
                continue
            before = existing.text(text_field.attribute) if existing else ""
            if text_field.name in texts and not _same(before, texts[text_field.name].value):
                yield text_field.attribute, texts[text_field.name].value
            # A text of the repository wins over `clear`, and an empty text needs no clearing.
            elif text_field.name in self._options.clear and text_field.name not in texts and before:
                yield text_field.attribute, None

    def _remove_locales(self) -> None:
        """Remove the locales that the repository does not have. The primary one stays: Apple does not remove it."""
        kept = {*self._local.texts, self._app.primary_locale}
        for locale, text in self._page.texts.items():
            if locale not in kept:
                self._say(locale, "locale", "present", "removed", self._is_editable)
                self._remove(text, f"remove the {locale} texts")
        info = self._page.info
        # All platforms of the app share the names.
        if info is None or self._options.keep_names:
            return
        for locale, text in info.texts.items():
            if locale not in kept:
                self._say(locale, "name of the app", text.text("name"), "removed", info.is_editable)
                self._remove(text, f"remove the {locale} name")

    def _remove(self, resource: Resource, summary: str) -> None:
        self.removals.append(Change(resource.type, summary, "DELETE", f"/v1/{resource.type}/{resource.id}"))

    def _copyright(self) -> None:
        requested, version = self._local.copyright, self._page.version
        before = version.copyright if version else ""
        if requested and not _same(before, requested.value):
            self._say("", "copyright", before, requested.value, self._is_editable)
            self._patch("appStoreVersions", self._version_id, {"copyright": requested.value}, "the copyright")

    def _content_rights(self) -> None:
        requested = self._options.content_rights
        if requested and requested != self._app.content_rights:
            before = _ANSWERS.get(self._app.content_rights, self._app.content_rights)
            self._say("", "third-party-content", before, _ANSWERS[requested])
            self._patch("apps", self._app.id, {"contentRightsDeclaration": requested}, "the content rights")

    def _categories(self, info: Info) -> None:
        requested = {name: category_id(name, text.value) for name, text in self._local.categories.items()}
        different = {name: value for name, value in requested.items() if info.categories.get(name) != value}
        # Apple takes a subcategory only together with its category.
        parents = {name.split("_")[0] + "_category" for name in different}
        with_parents = {
            name: value
            for name, value in {**info.categories, **requested}.items()
            if name in different or name in parents
        }
        for name, value in different.items():
            self._say("", name, info.categories.get(name, ""), value, info.is_editable)
        if different:
            links = {
                CATEGORIES[name]: reference("appCategories", value) for name, value in with_parents.items()
            }
            body = request_body("appInfos", {}, info.id, links)
            self._add("PATCH", f"/v1/appInfos/{info.id}", body, "set the categories")

    def _age_rating(self, info: Info) -> None:
        if not self._local.age_rating:
            return
        if info.rating is None:
            raise Error(
                "age-rating: App Store Connect shows no age rating of the app, so no answer can be set.",
                "Answer the questions in App Store Connect (App Information), and omit age-rating.",
            )
        current: Mapping[str, Any] = info.rating.attributes
        requested = age_rating.answers(self._local.age_rating)
        different = {
            # A question that Apple does not show is sent: it may be newer than this code.
            name: value
            for name, value in requested.items()
            if name not in current or current[name] != value
        }
        for name, value in different.items():
            self._say("", name, _words(current.get(name)), _words(value), info.is_editable)
        if different:
            self._patch("ageRatingDeclarations", info.rating.id, different, "the age rating")

    def _review(self) -> None:
        existing = self._page.review
        before: Mapping[str, Any] = existing.attributes if existing else {}
        requested = review_attributes(self._local.review, before)
        different = {
            name: value
            for name, value in requested.items()
            if (
                value != before.get(name)
                if isinstance(value, bool)
                else not _same(_words(before.get(name)), value)
            )
        }
        for name, value in different.items():
            hidden = name in PERSONAL
            old, new = _words(before.get(name)), _words(value)
            old, new = (HIDDEN if old else "", HIDDEN) if hidden else (old, new)
            self._say("", _NAMES_OF_REVIEW[name], old, new, self._is_editable)
        if not different:
            return
        if existing:
            self._patch("appStoreReviewDetails", existing.id, different, "the review information")
        else:
            owner = {"appStoreVersion": reference("appStoreVersions", self._version_id)}
            body = request_body("appStoreReviewDetails", different, None, owner)
            self._add("POST", "/v1/appStoreReviewDetails", body, "make the review information")

    @property
    def _version_id(self) -> str:
        return self._page.version.id if self._page.version else ""

    @property
    def _is_editable(self) -> bool:
        return self._page.version is None or self._page.version.is_editable

    def _tell(
        self, locale: str, attributes: Mapping[str, str | None], existing: Resource | None, allowed: bool
    ) -> None:
        if not attributes:
            self._say(locale, "locale", "", "added", allowed)
        for text_field in FIELDS:
            if text_field.attribute in attributes:
                before = existing.text(text_field.attribute) if existing else ""
                self._say(locale, text_field.name, before, attributes[text_field.attribute] or "", allowed)

    def _say(self, locale: str, name: str, before: str, after: str, allowed: bool = True) -> None:
        difference = Difference(locale, name, before, after)
        (self.differences if allowed else self.blocked).append(difference)

    def _patch(self, kind: str, identifier: str, attributes: Mapping[str, Any], label: str) -> None:
        body = request_body(kind, attributes, identifier)
        self._add("PATCH", f"/v1/{kind}/{identifier}", body, f"set {label}")

    def _add(self, method: str, path: str, body: Mapping[str, Any], summary: str) -> None:
        self.changes.append(Change(path.split("/")[2], summary, method, path, body))


def _placeholder(locale: str) -> str:
    return f"{{name {locale}}}"


def _creation(body: Mapping[str, Any], summary: str, *, makes: str = "", after: str = "") -> Change:
    kind = body["data"]["type"]
    return Change(kind, summary, "POST", f"/v1/{kind}", body, makes=makes, after=after)


def review_attributes(texts: Texts, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the review information of the repository by Apple's names; `before` are the attributes at Apple."""
    attributes: dict[str, Any] = {
        REVIEW[name]: text.value for name, text in texts.items() if name != "demo_required"
    }
    required = texts.get("demo_required")
    # `check_page` has refused any other word.
    answer = TRUTHS.get(required.value.lower()) if required else None
    if answer is not None:
        attributes["demoAccountRequired"] = answer
    elif "demo_user" in texts and "demo_password" in texts:
        attributes["demoAccountRequired"] = True
    elif texts and not before:
        # As fastlane does. The step never changes a true at Apple to false.
        attributes["demoAccountRequired"] = False
    return attributes


def _same(text: str, other: str) -> bool:
    # The same letters can be composed or not, and Apple's form need not be the one that was sent.
    return same(unicodedata.normalize("NFC", text), unicodedata.normalize("NFC", other))


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
