"""Export compliance and beta review, both needed before external testers can install a build."""

from __future__ import annotations

from asc_sandbox.kinds import date, flag, text
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.builds import BUILDS
from asc_sandbox.resources.values import PLATFORMS, REVIEW_STATES
from asc_sandbox.rules.builds import admit_declaration, attach, change_build, declare
from asc_sandbox.rules.review import submit
from asc_sandbox.schema import Resource, many, one
from asc_sandbox.writing import changing, creating

BETA_APP_REVIEW_SUBMISSIONS = Resource(
    "betaAppReviewSubmissions",
    area="testflight",
    attributes={"betaReviewState": text, "submittedDate": date},
    relationships=(one("build", "builds"),),
    defaults={"betaReviewState": "APPROVED", "submittedDate": "1 day ago"},
)

APP_ENCRYPTION_DECLARATIONS = Resource(
    "appEncryptionDeclarations",
    area="testflight",
    attributes={
        "appDescription": text,
        "createdDate": date,
        "usesEncryption": flag,
        "exempt": flag,
        "containsProprietaryCryptography": flag,
        "containsThirdPartyCryptography": flag,
        "availableOnFrenchStore": flag,
        "platform": text,
        "uploadedDate": date,
        "documentUrl": text,
        "documentName": text,
        "documentType": text,
        "appEncryptionDeclarationState": text,
        "codeValue": text,
    },
    relationships=(
        one("app", "apps"),
        many("builds", "builds", inverse="appEncryptionDeclaration"),
        one("appEncryptionDeclarationDocument", "appEncryptionDeclarationDocuments"),
    ),
    defaults={
        "createdDate": "30 days ago",
        "usesEncryption": True,
        "exempt": False,
        "containsProprietaryCryptography": False,
        "containsThirdPartyCryptography": True,
        "availableOnFrenchStore": True,
        "appEncryptionDeclarationState": "APPROVED",
    },
)

RESOURCES = (BETA_APP_REVIEW_SUBMISSIONS, APP_ENCRYPTION_DECLARATIONS)

ENDPOINTS = (
    changing(
        "/v1/builds/{id}",
        BUILDS,
        optional=("expired", "usesNonExemptEncryption"),
        related=("appEncryptionDeclaration",),
        then=change_build,
    ),
    listing(
        "/v1/betaAppReviewSubmissions",
        BETA_APP_REVIEW_SUBMISSIONS,
        filters=(Filter("betaReviewState", values=REVIEW_STATES), Filter("build", required=True)),
    ),
    creating("/v1/betaAppReviewSubmissions", BETA_APP_REVIEW_SUBMISSIONS, owners=("build",), then=submit),
    instance("/v1/betaAppReviewSubmissions/{id}", BETA_APP_REVIEW_SUBMISSIONS),
    related(
        "/v1/builds/{id}/betaAppReviewSubmission",
        BUILDS,
        "betaAppReviewSubmission",
        BETA_APP_REVIEW_SUBMISSIONS,
    ),
    listing(
        "/v1/appEncryptionDeclarations",
        APP_ENCRYPTION_DECLARATIONS,
        filters=(Filter("platform", values=PLATFORMS), Filter("app"), Filter("builds")),
    ),
    creating(
        "/v1/appEncryptionDeclarations",
        APP_ENCRYPTION_DECLARATIONS,
        required=(
            "appDescription",
            "containsProprietaryCryptography",
            "containsThirdPartyCryptography",
            "availableOnFrenchStore",
        ),
        owners=("app",),
        then=declare,
    ),
    instance("/v1/appEncryptionDeclarations/{id}", APP_ENCRYPTION_DECLARATIONS),
    *linkages(APP_ENCRYPTION_DECLARATIONS, "builds", BUILDS, ("POST",), admit=attach),
    related(
        "/v1/apps/{id}/appEncryptionDeclarations",
        APPS,
        "appEncryptionDeclarations",
        APP_ENCRYPTION_DECLARATIONS,
        filters=(Filter("platform", values=PLATFORMS), Filter("builds")),
        includes=True,
    ),
    related(
        "/v1/builds/{id}/appEncryptionDeclaration",
        BUILDS,
        "appEncryptionDeclaration",
        APP_ENCRYPTION_DECLARATIONS,
    ),
    *linkages(
        BUILDS,
        "appEncryptionDeclaration",
        APP_ENCRYPTION_DECLARATIONS,
        ("GET", "PATCH"),
        admit=admit_declaration,
    ),
)
