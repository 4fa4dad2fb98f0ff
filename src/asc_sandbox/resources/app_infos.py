"""The facts of an app that belong to no version: its names, categories and age rating."""

from __future__ import annotations

from asc_sandbox.kinds import flag, text, texts
from asc_sandbox.linking import linkages
from asc_sandbox.reading import Filter, instance, listing, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import PLATFORMS
from asc_sandbox.rules.age_rating import NEW_QUESTIONS, VALUES, YES_NO_QUESTIONS
from asc_sandbox.rules.apps import answer, change_info
from asc_sandbox.rules.categories import BUILT_IN
from asc_sandbox.rules.store_states import both_names_of_info
from asc_sandbox.rules.store_texts import change_info_text, delete_info_text, make_info_text
from asc_sandbox.schema import Resource, hidden, link, many, one
from asc_sandbox.writing import changing, creating, deleting

_CATEGORIES = (
    "primaryCategory",
    "primarySubcategoryOne",
    "primarySubcategoryTwo",
    "secondaryCategory",
    "secondarySubcategoryOne",
    "secondarySubcategoryTwo",
)
_RATINGS = (
    "appStoreAgeRating",
    "australiaAgeRating",
    "brazilAgeRating",
    "brazilAgeRatingV2",
    "franceAgeRating",
    "koreaAgeRating",
    "kidsAgeBand",
)
_TEXTS = ("subtitle", "privacyPolicyUrl", "privacyChoicesUrl", "privacyPolicyText")
_QUESTIONS = (
    "advertising",
    "alcoholTobaccoOrDrugUseOrReferences",
    "contests",
    "gambling",
    "gamblingSimulated",
    "gunsOrOtherWeapons",
    "healthOrWellnessTopics",
    "kidsAgeBand",
    "lootBox",
    "medicalOrTreatmentInformation",
    "messagingAndChat",
    "parentalControls",
    "profanityOrCrudeHumor",
    "ageAssurance",
    "sexualContentGraphicAndNudity",
    "sexualContentOrNudity",
    "socialMedia",
    "socialMediaAgeRestricted",
    "horrorOrFearThemes",
    "matureOrSuggestiveThemes",
    "unrestrictedWebAccess",
    "userGeneratedContent",
    "violenceCartoonOrFantasy",
    "violenceRealisticProlongedGraphicOrSadistic",
    "violenceRealistic",
    "ageRatingOverride",
    "ageRatingOverrideV2",
    "koreaAgeRatingOverride",
    "developerAgeRatingInfoUrl",
)

APP_INFOS = Resource(
    "appInfos",
    area="appStore",
    attributes={"appStoreState": text, "state": text, **dict.fromkeys(_RATINGS, text)},
    relationships=(
        one("app", "apps", has_links=False),
        one("ageRatingDeclaration", "ageRatingDeclarations", inverse="appInfo"),
        many("appInfoLocalizations", "appInfoLocalizations", inverse="appInfo"),
        *(one(name, "appCategories") for name in _CATEGORIES),
        link("territoryAgeRatings"),
    ),
    defaults={"state": "PREPARE_FOR_SUBMISSION", "appStoreState": "PREPARE_FOR_SUBMISSION"},
    completed=both_names_of_info,
)

APP_INFO_LOCALIZATIONS = Resource(
    "appInfoLocalizations",
    area="appStore",
    attributes={"locale": text, "name": text, **dict.fromkeys(_TEXTS, text)},
    relationships=(one("appInfo", "appInfos", has_links=False),),
    defaults={"locale": "en-US"},
)

AGE_RATING_DECLARATIONS = Resource(
    "ageRatingDeclarations",
    area="appStore",
    attributes={name: flag if name in (*YES_NO_QUESTIONS, *NEW_QUESTIONS) else text for name in _QUESTIONS},
    relationships=(hidden("appInfo", "appInfos"),),
)

APP_CATEGORIES = Resource(
    "appCategories",
    area="appStore",
    attributes={"platforms": texts},
    relationships=(
        many("subcategories", "appCategories", inverse="parent"),
        one("parent", "appCategories"),
    ),
    built_in=BUILT_IN,
)

RESOURCES = (APP_CATEGORIES, APP_INFOS, APP_INFO_LOCALIZATIONS, AGE_RATING_DECLARATIONS)

ENDPOINTS = (
    related("/v1/apps/{id}/appInfos", APPS, "appInfos", APP_INFOS, includes=True),
    instance("/v1/appInfos/{id}", APP_INFOS),
    changing("/v1/appInfos/{id}", APP_INFOS, related=_CATEGORIES, then=change_info),
    related(
        "/v1/appInfos/{id}/ageRatingDeclaration", APP_INFOS, "ageRatingDeclaration", AGE_RATING_DECLARATIONS
    ),
    related(
        "/v1/appInfos/{id}/appInfoLocalizations",
        APP_INFOS,
        "appInfoLocalizations",
        APP_INFO_LOCALIZATIONS,
        filters=(Filter("locale"),),
        includes=True,
    ),
    *(
        endpoint
        for name in _CATEGORIES
        for endpoint in (
            related(f"/v1/appInfos/{{id}}/{name}", APP_INFOS, name, APP_CATEGORIES, includes=True),
            *linkages(APP_INFOS, name, APP_CATEGORIES, ("GET",)),
        )
    ),
    instance("/v1/appInfoLocalizations/{id}", APP_INFO_LOCALIZATIONS),
    creating(
        "/v1/appInfoLocalizations",
        APP_INFO_LOCALIZATIONS,
        required=("locale", "name"),
        optional=_TEXTS,
        owners=("appInfo",),
        then=make_info_text,
    ),
    changing(
        "/v1/appInfoLocalizations/{id}",
        APP_INFO_LOCALIZATIONS,
        optional=("name", *_TEXTS),
        then=change_info_text,
    ),
    deleting("/v1/appInfoLocalizations/{id}", APP_INFO_LOCALIZATIONS, then=delete_info_text),
    changing(
        "/v1/ageRatingDeclarations/{id}",
        AGE_RATING_DECLARATIONS,
        optional=_QUESTIONS,
        values=VALUES,
        then=answer,
    ),
    listing(
        "/v1/appCategories",
        APP_CATEGORIES,
        filters=(Filter("platforms", values=PLATFORMS),),
        exists=("parent",),
    ),
    instance("/v1/appCategories/{id}", APP_CATEGORIES),
    related("/v1/appCategories/{id}/subcategories", APP_CATEGORIES, "subcategories", APP_CATEGORIES),
    related("/v1/appCategories/{id}/parent", APP_CATEGORIES, "parent", APP_CATEGORIES),
)
