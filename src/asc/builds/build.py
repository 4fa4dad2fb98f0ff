"""A build as App Store Connect has it, read with all that distribution needs in one request.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builds-_id_
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from asc.api.client import Client
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut
from asc.words import printable_name

_TO_ONE = "app,preReleaseVersion,buildBetaDetail,betaAppReviewSubmission,appEncryptionDeclaration"
_TO_MANY = "betaGroups,betaBuildLocalizations,individualTesters"
QUERY: Mapping[str, str | int] = {
    "include": f"{_TO_ONE},{_TO_MANY}",
    "fields[builds]": (
        "version,uploadedDate,expired,processingState,buildAudienceType,usesNonExemptEncryption,"
        f"{_TO_ONE},{_TO_MANY}"
    ),
    "fields[apps]": "primaryLocale",
    "fields[preReleaseVersions]": "version,platform",
    "fields[buildBetaDetails]": "autoNotifyEnabled,internalBuildState,externalBuildState",
    "fields[betaAppReviewSubmissions]": "betaReviewState",
    "fields[appEncryptionDeclarations]": "codeValue",
    "fields[betaGroups]": "name",
    "fields[betaBuildLocalizations]": "locale,whatsNew",
    "fields[betaTesters]": "email",
    **{f"limit[{name}]": LARGEST_INCLUDE for name in _TO_MANY.split(",")},
}
"""The query for `GET /v1/builds/{id}`. The wait for a build sends the same one, so that distribution needs no other."""


MISSING_COMPLIANCE = "MISSING_EXPORT_COMPLIANCE"
ANSWER_COMPLIANCE = (
    "Give uses-non-exempt-encryption: false if the app only uses encryption that is exempt (like HTTPS), "
    "or put ITSAppUsesNonExemptEncryption into the Info.plist; with true, name the encryption-declaration."
)
DEAD_ENDS = {
    "BETA_REJECTED": "Read the reviewers' reasons in App Store Connect, TestFlight; then upload a corrected build.",
    "EXPIRED": "Upload it again with a new build number.",
    "PROCESSING_EXCEPTION": "Upload it again with a new build number; the reason is in the mail that Apple sent.",
    MISSING_COMPLIANCE: ANSWER_COMPLIANCE,
}
"""States that no waiting changes, each with what to do."""


@dataclass(frozen=True)
class Localization:
    """The "What to Test" text of a build in one language: the id of the resource, and the text."""

    id: str
    whats_new: str


@dataclass(frozen=True)
class Build:
    """A build. States are Apple's, "" if unknown; flags are None if Apple gives no value.

    `version` is the train (CFBundleShortVersionString), `audience` Apple's buildAudienceType, and `detail_id` the id
    of the buildBetaDetail. `group_ids` and `tester_ids` hold only those that came with the answer, as do `group_names`
    and `tester_addresses` (folded): there may be more if `links_cut` is True. `localizations` go by locale;
    `localizations_cut` is True if not all of them came.
    """

    id: str
    build_number: str = ""
    version: str = ""
    platform: str = ""
    app_id: str = ""
    primary_locale: str = ""
    processing_state: str = ""
    expired: bool = False
    uploaded_at: datetime | None = None
    audience: str = ""
    uses_non_exempt_encryption: bool | None = None
    declaration_id: str = ""
    detail_id: str = ""
    auto_notify: bool | None = None
    internal_state: str = ""
    external_state: str = ""
    review_state: str = ""
    group_ids: frozenset[str] = frozenset()
    tester_ids: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()
    tester_addresses: frozenset[str] = field(default=frozenset(), repr=False)
    links_cut: bool = False
    localizations: Mapping[str, Localization] = field(default_factory=dict, hash=False)
    localizations_cut: bool = False

    def __str__(self) -> str:
        return f"{printable_name(self.version)} ({printable_name(self.build_number)})"

    @classmethod
    def read(cls, document: Document, build: Resource, **others: Any) -> Self:
        """Return a build of a document, with as much as was included. `others` are the fields of a subclass."""

        def one(name: str) -> Resource:
            return document.one(build, name) or Resource("", "")

        detail, train, app = one("buildBetaDetail"), one("preReleaseVersion"), one("app")
        return cls(
            id=build.id,
            build_number=build.text("version"),
            version=train.text("version"),
            platform=train.text("platform"),
            app_id=app.id or _id(build, "app"),
            primary_locale=app.text("primaryLocale"),
            processing_state=build.text("processingState"),
            expired=build.attributes.get("expired") is True,
            uploaded_at=build.time("uploadedDate"),
            audience=build.text("buildAudienceType"),
            uses_non_exempt_encryption=build.flag("usesNonExemptEncryption"),
            declaration_id=_id(build, "appEncryptionDeclaration"),
            # Apple gives both the same id.
            detail_id=_id(build, "buildBetaDetail") or build.id,
            auto_notify=detail.flag("autoNotifyEnabled"),
            internal_state=detail.text("internalBuildState"),
            external_state=detail.text("externalBuildState"),
            review_state=one("betaAppReviewSubmission").text("betaReviewState"),
            group_ids=frozenset(identifier for _, identifier in build.related("betaGroups")),
            tester_ids=frozenset(identifier for _, identifier in build.related("individualTesters")),
            group_names=_texts(document.many(build, "betaGroups"), "name"),
            tester_addresses=_addresses(document.many(build, "individualTesters")),
            links_cut=is_cut(build, "betaGroups") or is_cut(build, "individualTesters"),
            localizations=_localizations(document.many(build, "betaBuildLocalizations")),
            localizations_cut=is_cut(build, "betaBuildLocalizations"),
            **others,
        )


def fetch_build(client: Client, build_id: str) -> Build:
    """Return the build as it is now. Raises ApiError (404) if there is none."""
    document = client.get(f"/v1/builds/{build_id}", QUERY, retry_404=True)
    return fetch_rest(client, Build.read(document, document.resource))


def fetch_rest(client: Client, state: Build) -> Build:
    """Return the build with all its localizations. Makes a request only if not all of them came along."""
    # Apple includes at most 50, and an app can have more languages.
    if not state.localizations_cut:
        return state
    document = client.list(
        f"/v1/builds/{state.id}/betaBuildLocalizations",
        {"fields[betaBuildLocalizations]": "locale,whatsNew"},
        retry_404=True,
    )
    return replace(state, localizations=_localizations(document.data), localizations_cut=False)


def fetch_links(client: Client, state: Build) -> Build:
    """Return the build with all its groups and individual testers, from one listing of each."""
    groups = client.list("/v1/betaGroups", {"filter[builds]": state.id, "fields[betaGroups]": "name"}).data
    testers = client.list(f"/v1/builds/{state.id}/individualTesters", {"fields[betaTesters]": "email"}).data
    return replace(
        state,
        group_ids=frozenset(group.id for group in groups),
        tester_ids=frozenset(tester.id for tester in testers),
        group_names=_texts(groups, "name"),
        tester_addresses=_addresses(testers),
        links_cut=False,
    )


def _texts(resources: Iterable[Resource], name: str) -> frozenset[str]:
    return frozenset(resource.text(name) for resource in resources)


def _addresses(testers: Iterable[Resource]) -> frozenset[str]:
    # Apple keeps the case of an address and does not heed it.
    return frozenset(address.casefold() for address in _texts(testers, "email"))


def _localizations(resources: list[Resource] | tuple[Resource, ...]) -> dict[str, Localization]:
    return {
        resource.text("locale"): Localization(resource.id, resource.text("whatsNew"))
        for resource in resources
    }


def _id(resource: Resource, relationship: str) -> str:
    # Apple links resources by data without including them, so the id may be all there is.
    return next((identifier for _, identifier in resource.related(relationship)), "")
