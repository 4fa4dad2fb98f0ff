"""The TestFlight facts of an app: its description for testers, its contact for reviewers, and its licence."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.rules.texts import change_description, make_description
from asc_sandbox.schema import Resource, one
from asc_sandbox.writing import changing, creating, deleting

_TEXTS = ("feedbackEmail", "marketingUrl", "privacyPolicyUrl", "tvOsPrivacyPolicy", "description")

BETA_APP_LOCALIZATIONS = Resource(
    "betaAppLocalizations",
    area="testflight",
    attributes={**dict.fromkeys(_TEXTS, text), "locale": text},
    relationships=(one("app", "apps"),),
)

BETA_APP_REVIEW_DETAILS = Resource(
    "betaAppReviewDetails",
    area="testflight",
    attributes={
        "contactFirstName": text,
        "contactLastName": text,
        "contactPhone": text,
        "contactEmail": text,
        "demoAccountName": text,
        "demoAccountPassword": text,
        "demoAccountRequired": flag,
        "notes": text,
    },
    relationships=(one("app", "apps"),),
    # Apple's record has the id of its app, and fastlane's pilot sends its PATCH there without asking first.
    id_of="app",
)

BETA_LICENSE_AGREEMENTS = Resource(
    "betaLicenseAgreements",
    area="testflight",
    attributes={"agreementText": text},
    relationships=(one("app", "apps"),),
)

RESOURCES = (BETA_APP_LOCALIZATIONS, BETA_APP_REVIEW_DETAILS, BETA_LICENSE_AGREEMENTS)

ENDPOINTS = (
    listing("/v1/betaAppLocalizations", BETA_APP_LOCALIZATIONS, filters=(Filter("locale"), Filter("app"))),
    creating(
        "/v1/betaAppLocalizations",
        BETA_APP_LOCALIZATIONS,
        required=("locale",),
        optional=_TEXTS,
        owners=("app",),
        then=make_description,
    ),
    instance("/v1/betaAppLocalizations/{id}", BETA_APP_LOCALIZATIONS),
    changing(
        "/v1/betaAppLocalizations/{id}", BETA_APP_LOCALIZATIONS, optional=_TEXTS, then=change_description
    ),
    deleting("/v1/betaAppLocalizations/{id}", BETA_APP_LOCALIZATIONS),
    related("/v1/apps/{id}/betaAppLocalizations", APPS, "betaAppLocalizations", BETA_APP_LOCALIZATIONS),
    listing("/v1/betaAppReviewDetails", BETA_APP_REVIEW_DETAILS, filters=(Filter("app", required=True),)),
    instance("/v1/betaAppReviewDetails/{id}", BETA_APP_REVIEW_DETAILS),
    changing(
        "/v1/betaAppReviewDetails/{id}",
        BETA_APP_REVIEW_DETAILS,
        optional=tuple(BETA_APP_REVIEW_DETAILS.attributes),
    ),
    related("/v1/apps/{id}/betaAppReviewDetail", APPS, "betaAppReviewDetail", BETA_APP_REVIEW_DETAILS),
    listing("/v1/betaLicenseAgreements", BETA_LICENSE_AGREEMENTS, filters=(Filter("app"),)),
    instance("/v1/betaLicenseAgreements/{id}", BETA_LICENSE_AGREEMENTS),
    changing("/v1/betaLicenseAgreements/{id}", BETA_LICENSE_AGREEMENTS, optional=("agreementText",)),
    related("/v1/apps/{id}/betaLicenseAgreement", APPS, "betaLicenseAgreement", BETA_LICENSE_AGREEMENTS),
)
