"""Find all that can fail before the first byte of a binary is sent.

Makes one request in the common case: the app with its groups, review details, texts and declarations.
https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from asc.api.client import Client
from asc.api.document import LARGEST_INCLUDE, Document, Resource, is_cut
from asc.builds.build import ANSWER_COMPLIANCE
from asc.errors import Error, Findings
from asc.testflight import choosing, information
from asc.testflight.groups import GROUP_FIELDS, group_of
from asc.testflight.request import APP_ATTRIBUTES, REVIEW_ATTRIBUTES, DistributionRequest
from asc.testflight.state import AppState, Declaration, Destination, Group, Known, goes_outside
from asc.testflight.testers.roster import find_testers

log = logging.getLogger(__name__)

_CONTACT = ("contactFirstName", "contactLastName", "contactEmail", "contactPhone")
_FIELDS = {
    "betaGroups": GROUP_FIELDS,
    "betaAppLocalizations": ",".join(("locale", *APP_ATTRIBUTES.values())),
    "appEncryptionDeclarations": "appEncryptionDeclarationState,codeValue",
}
_PLACES = {  # where all of them are listed, when not all came along with the app
    "betaGroups": ("/v1/betaGroups", True),
    "betaAppLocalizations": ("/v1/apps/{}/betaAppLocalizations", False),
    "appEncryptionDeclarations": ("/v1/apps/{}/appEncryptionDeclarations", False),
}


def preflight(client: Client, request: DistributionRequest, destination: Destination) -> AppState:
    """Return the state of the app that the request is about. Raises Error with all problems, naming the inputs.

    Makes one request, one more for some 250 testers, and pages if an answer does not hold everything.
    """
    findings = Findings()
    findings.result_of(lambda: _check_encryption(request, destination), None)
    emails = [tester.email for tester in request.testers]
    with ThreadPoolExecutor(1) as pool:
        # The testers are looked up while the app is read.
        reading = pool.submit(find_testers, client, destination.app.id, emails)
        app_state = _survey(client, request, destination, findings)
        app_state = replace(app_state, tester_ids={tester.address: tester.id for tester in reading.result()})
    if request.submit_review and goes_outside(request, app_state):
        findings.result_of(lambda: _check_review_detail(request, app_state), None)
        findings.result_of(lambda: _check_test_information(request, app_state), None)
    findings.raise_all()
    return app_state


def _survey(
    client: Client, request: DistributionRequest, destination: Destination, findings: Findings
) -> AppState:
    """Read the app, with the groups and the declaration chosen."""
    names = _asked_for(request)
    if not names:
        return AppState(destination, primary_locale=destination.app.primary_locale)
    document = client.get(f"/v1/apps/{destination.app.id}", _query(names, _compares_password(request)))
    app = document.data[0] if document.data else Resource("apps", destination.app.id)
    found = {name: _all(client, document, app, name) for name in names if name in _PLACES}
    existing = [group_of(resource) for resource in found.get("betaGroups", ())]
    nothing: tuple[tuple[Group, ...], tuple[str, ...]] = (), ()
    groups, new_groups = findings.result_of(
        lambda: choosing.groups(request.groups, existing, request.create_groups), nothing
    )
    declarations = [_declaration(resource) for resource in found.get("appEncryptionDeclarations", ())]
    requested = request.encryption_declaration
    return AppState(
        destination=destination,
        primary_locale=app.text("primaryLocale") or destination.app.primary_locale,
        groups=groups,
        new_groups=new_groups,
        review_detail=_review_detail(document, app),
        app_localizations=_localizations(found.get("betaAppLocalizations", ())),
        declaration=(
            findings.result_of(lambda: choosing.declaration(requested, declarations), None)
            if requested
            else None
        ),
    )


def read_information(client: Client, app_state: AppState, kinds: Collection[str]) -> AppState:
    """Return the state with the texts of the app and for reviewers as they are now, as far as `kinds` has changes."""
    places = {"app-info": "betaAppLocalizations", "review-info": "betaAppReviewDetail"}
    names = [name for kind, name in places.items() if kind in kinds]
    if not names:
        return app_state
    app_id = app_state.destination.app.id
    # Apple need not give the password back, so that nothing can be compared with it.
    document = client.get(f"/v1/apps/{app_id}", _query(names, False))
    app = document.data[0] if document.data else Resource("apps", app_id)
    texts = _all(client, document, app, "betaAppLocalizations") if "app-info" in kinds else ()
    return replace(
        app_state, review_detail=_review_detail(document, app), app_localizations=_localizations(texts)
    )


def _review_detail(document: Document, app: Resource) -> Known | None:
    detail = document.one(app, "betaAppReviewDetail")
    return Known(detail.id, detail.attributes) if detail else None


def _localizations(resources: Iterable[Resource]) -> dict[str, Known]:
    return {resource.text("locale"): Known(resource.id, resource.attributes) for resource in resources}


def _compares_password(request: DistributionRequest) -> bool:
    return bool(request.review_info and request.review_info.demo_account_password)


def _asked_for(request: DistributionRequest) -> list[str]:
    """Return the relationships of the app that the request is about."""
    # Before the groups are read nobody knows which are external, so that any distribution may need a review.
    reviewed = request.submit_review and request.distributes
    asked = {
        "betaGroups": bool(request.groups),
        "betaAppReviewDetail": reviewed or request.review_info is not None,
        "betaAppLocalizations": bool(request.app_info) or reviewed,
        "appEncryptionDeclarations": bool(request.encryption_declaration),
    }
    return [name for name, needed in asked.items() if needed]


def _query(names: Sequence[str], password: bool) -> dict[str, str | int]:
    review = list(REVIEW_ATTRIBUTES.values())
    if not password:
        review.remove("demoAccountPassword")  # a password that the step does not compare is not fetched
    fields = {**_FIELDS, "betaAppReviewDetails": ",".join(review)}
    query: dict[str, str | int] = {
        "include": ",".join(names),
        "fields[apps]": ",".join(("primaryLocale", *names)),
    }
    for name in names:
        resources = "betaAppReviewDetails" if name == "betaAppReviewDetail" else name
        query[f"fields[{resources}]"] = fields[resources]
        if name in _PLACES:
            query[f"limit[{name}]"] = LARGEST_INCLUDE
    return query


def _all(client: Client, document: Document, app: Resource, name: str) -> Sequence[Resource]:
    """Return all resources of a relationship: the included ones, or the listing if they were cut."""
    if not is_cut(app, name):
        return document.many(app, name)
    path, by_filter = _PLACES[name]
    app_filter = {"filter[app]": app.id} if by_filter else {}
    return client.list(path.format(app.id), {**app_filter, f"fields[{name}]": _FIELDS[name]}).data


def _check_encryption(request: DistributionRequest, destination: Destination) -> None:
    """Raise Error unless export compliance is answered once and without contradiction."""
    requested, existing = request.encryption, destination.uses_non_exempt_encryption
    if request.encryption_declaration and requested is False:
        raise Error(
            "encryption-declaration is given, but uses-non-exempt-encryption is false.",
            "A declaration belongs to non-exempt encryption: omit one of the two.",
        )
    if requested is not None and existing is not None and requested != existing:
        raise encryption_contradiction(requested, existing)
    # `plan` asks the same of a build that exists, when it has been read.
    if request.distributes and requested is None and existing is None and not destination.exists:
        raise encryption_unanswered()


def encryption_contradiction(requested: bool, existing: bool) -> Error:
    """Return the error for an answer that differs from the one of the build."""
    return Error(
        f"uses-non-exempt-encryption is {str(requested).lower()}, but the build says {str(existing).lower()}.",
        "Omit the input, because Apple does not let the answer change; or build again with another "
        "ITSAppUsesNonExemptEncryption in the Info.plist.",
    )


def encryption_unanswered() -> Error:
    """Return the error for a build without an answer to export compliance."""
    return Error(
        "Export compliance is not answered. No tester gets the build before that.",
        ANSWER_COMPLIANCE,
    )


def _check_review_detail(request: DistributionRequest, app_state: AppState) -> None:
    # Apple refuses a submission without a contact, and without the demo account if one is required.
    existing = app_state.review_detail.attributes if app_state.review_detail else {}
    requested = request.review_info.attributes() if request.review_info else {}
    result = {**existing, **requested}
    needed = [*_CONTACT]
    if result.get("demoAccountRequired") is True:
        needed.append("demoAccountName")
        if not existing.get("demoAccountName"):  # Apple need not show a password that it has
            needed.append("demoAccountPassword")
    words = {name: names.replace("_", "-") for names, name in REVIEW_ATTRIBUTES.items()}
    missing = [words[name] for name in needed if not str(result.get(name) or "").strip()]
    if missing:
        raise Error(
            f"Beta review needs {', '.join(missing)}, and neither App Store Connect nor beta-review-info has it.",
            "Add it to beta-review-info (or in App Store Connect under TestFlight, Test Information), "
            "or give submit-beta-review: false.",
        )


def _check_test_information(request: DistributionRequest, app_state: AppState) -> None:
    # Apple refuses a submission without description and feedback address, with a code that does not name them.
    primary = app_state.primary_locale
    described = information.described_after(request, app_state, primary)
    # App Store Connect returns no primary language for some apps. One language that has both texts is enough then.
    candidates = [described.get(primary, {})] if primary else [*described.values(), {}]
    missing = min(map(information.lacking, candidates), key=len)
    if missing:
        locale = primary or "en-US"
        raise Error(
            f"The beta review needs test information of the app in {locale} that neither App Store Connect nor "
            f"app-info has: {', '.join(missing)}.",
            f"Add it to app-info, as in {locale}: {{description: …, feedback-email: …}} (or in App Store Connect under "
            "TestFlight, Test Information), or give submit-beta-review: false.",
        )


def _declaration(resource: Resource) -> Declaration:
    return Declaration(
        resource.id, resource.text("codeValue"), resource.text("appEncryptionDeclarationState")
    )
