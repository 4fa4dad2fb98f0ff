"""check-app-store with a key: given this version at Apple, these findings, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.plans import Store
from asc_sandbox.rules.age_rating import ANSWERED
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from store.pages import BUNDLE_ID, write_files, writes
from support.sandbox import app, build, ipa, seed, start_sandbox, store_version
from support.store import CONTACT, ready_version, texts

INFO: dict[str, Any] = {
    "state": "PREPARE_FOR_SUBMISSION",
    "primaryCategory": "PRODUCTIVITY",
    "appInfoLocalizations": [
        {"locale": "en-US", "name": "Example", "privacyPolicyUrl": "https://example.com/privacy"}
    ],
    "ageRatingDeclaration": ANSWERED,
}


def world(
    *,
    live: bool = True,
    info: dict[str, Any] | None = None,
    app_: dict[str, Any] | None = None,
    **version: Any,
) -> dict[str, Any]:
    """An app whose version 2.0 can be submitted but for what is said here."""
    builds = [
        build("2.0", "8", id="BUILD-8", usesNonExemptEncryption=False),
        build("2.0", "9", id="BUILD-9", usesNonExemptEncryption=None),
        build("2.0", "6", id="BUILD-6", usesNonExemptEncryption=False, expired=True),
        build("1.9", "7", id="BUILD-7", usesNonExemptEncryption=False),
    ]
    older = [store_version("1.0", createdDate="300 days ago")] if live else []
    candidate = ready_version("2.0", **{"build": "BUILD-8", **version})
    return seed(
        apps=[
            app(
                BUNDLE_ID,
                id="1000000001",
                builds=builds,
                versions=[*older, candidate],
                **(
                    {"appInfos": [{name: value for name, value in {**INFO, **info}.items() if value}]}
                    if info is not None
                    else {}
                ),
                **(app_ or {}),
            )
        ]
    )


def check(folder: Path, sandbox: Sandbox, **inputs: object) -> Done:
    given = {"bundle-id": BUNDLE_ID, "metadata": "none", "screenshots": "none", "urls": "false"}
    given |= {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    return in_job(folder, given, sandbox=sandbox, command="check-app-store")


def found(done: Done) -> list[tuple[str, str]]:
    return [(one["rule"], one["level"]) for one in json.loads(done.outputs["report"])]


def test_a_version_that_lacks_nothing_is_ready_and_nothing_is_written(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = check(tmp_path, sandbox)
        assert (done.code, done.outputs["ready"], done.outputs["online"]) == (0, "true", "true"), done.stdout
        assert [rule for rule, level in found(done) if level == "error"] == []
        assert (writes(sandbox), len(sandbox.requests) <= 11) == ([], True)


PICTURE = {"fileName": "1.png"}


LACKING: list[tuple[dict[str, Any], str, str]] = [
    ({"appStoreVersionLocalizations": [texts(description=None)]}, "required", "en-US: description"),
    ({"appStoreVersionLocalizations": [texts(keywords=None)]}, "required", "en-US: keywords"),
    ({"appStoreVersionLocalizations": [texts(supportUrl=None)]}, "required", "en-US: support_url"),
    ({"appStoreVersionLocalizations": [texts(whatsNew=None)]}, "required", "en-US: release_notes"),
    (
        {"appStoreVersionLocalizations": [texts(), texts("de-DE")], "info": {}},
        "locales",
        "de-DE",
    ),
    (
        {"info": {"appInfoLocalizations": [{"locale": "en-US", "name": "Example"}]}},
        "required",
        "privacy_url",
    ),
    ({"info": {"primaryCategory": None}}, "categories", "primary_category"),
    ({"build": None}, "build", "no build"),
    ({"build": "BUILD-6"}, "build", "expired"),
    ({"build": "BUILD-9"}, "encryption", "export compliance"),
    ({"copyright": None}, "copyright", "copyright"),
    ({"appStoreReviewDetail": {**CONTACT, "contactPhone": None}}, "review-information", "phone_number"),
    (
        {"appStoreReviewDetail": {**CONTACT, "demoAccountRequired": True, "demoAccountName": "demo"}},
        "review-information",
        "demo_password",
    ),
    ({"info": {"ageRatingDeclaration": {**ANSWERED, "gambling": None}}}, "age-rating", "gambling"),
    ({"app_": {"contentRightsDeclaration": None}}, "content-rights", "third-party"),
    ({"app_": {"priced": False}}, "price", "price"),
    ({"app_": {"available": False}}, "availability", "territory"),
    ({"appStoreVersionLocalizations": [texts(appScreenshotSets=[])]}, "screenshots", "APP_IPHONE_67"),
    (
        {
            "appStoreVersionLocalizations": [
                texts(
                    appScreenshotSets=[
                        {"screenshotDisplayType": "APP_IPHONE_67", "appScreenshots": [PICTURE]},
                        {"screenshotDisplayType": "APP_IPHONE_55"},
                    ]
                )
            ]
        },
        "screenshots",
        "APP_IPHONE_55",
    ),
    ({"releaseType": "SCHEDULED", "earliestReleaseDate": "2020-01-31T10:00:00Z"}, "release", "past"),
]


@pytest.mark.parametrize(("lacking", "rule", "named"), LACKING)
def test_each_thing_that_apple_refuses_is_an_error_with_its_locale(
    tmp_path: Path, lacking: dict[str, Any], rule: str, named: str
) -> None:
    with start_sandbox(world(**lacking)) as sandbox:
        done = check(tmp_path, sandbox)
    errors = [one for one in json.loads(done.outputs["report"]) if one["level"] == "error"]
    assert (done.code, [one["rule"] for one in errors]) == (1, [rule]), errors
    assert named in errors[0]["message"]


# These two are refused before a submission, or never: at the attachment of the build, and by nobody.
NOT_AT_SUBMISSION = ("expired", "past")


@pytest.mark.parametrize("lacking", [one for one, _, named in LACKING if named not in NOT_AT_SUBMISSION])
def test_apple_refuses_what_the_check_calls_an_error(tmp_path: Path, lacking: dict[str, Any]) -> None:
    with start_sandbox(world(**lacking), store=Store(verdict="never")) as sandbox:
        given = {"bundle-id": BUNDLE_ID, "version": "2.0", "checks": "false", "timeout": "5s"}
        done = in_job(tmp_path, given, sandbox=sandbox, command="submit-app-store")
        assert done.code == 1, done.stdout
        states = {one.attributes["state"] for one in sandbox.world.all("reviewSubmissions")}
        assert states <= {"READY_FOR_REVIEW"}


def test_a_file_that_says_that_no_demo_account_is_required_needs_none(tmp_path: Path) -> None:
    files = write_files(tmp_path / "metadata", {"review_information/demo_required.txt": "false"})
    with start_sandbox(world()) as sandbox:
        done = check(tmp_path, sandbox, metadata=files)
        assert [rule for rule, level in found(done) if level == "error"] == [], done.stdout


def test_a_number_below_the_live_one_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(world(versionString="0.9", build=None)) as sandbox:
        assert ("version", "error") in found(check(tmp_path, sandbox))


def test_a_first_version_needs_no_release_notes_and_is_not_phased(tmp_path: Path) -> None:
    lacking = [texts(whatsNew=None)]
    with start_sandbox(world(live=False, info={}, appStoreVersionLocalizations=lacking)) as sandbox:
        assert check(tmp_path, sandbox).code == 0


def test_texts_of_files_count_as_written(tmp_path: Path) -> None:
    lacking = [texts(whatsNew=None, description=None)]
    files = write_files(tmp_path / "metadata", {"en-US/release_notes.txt": "Coming soon: new things."})
    with start_sandbox(world(appStoreVersionLocalizations=lacking)) as sandbox:
        done = check(tmp_path, sandbox, metadata=files)
    report = json.loads(done.outputs["report"])
    assert [
        (one["rule"], one["file"]) for one in report if one["rule"] in ("required", "future_functionality")
    ] == [
        ("required", "App Store Connect"),
        ("future_functionality", str(files / "en-US/release_notes.txt")),
    ]


def test_the_words_of_purchases_are_watched_with_their_locale(tmp_path: Path) -> None:
    sold = {
        "inAppPurchasesV2": [
            {
                "name": "Coins",
                "productId": "coins",
                "state": "APPROVED",
                "inAppPurchaseLocalizations": [{"name": "Free coins", "description": "Placeholder"}],
            }
        ],
        "subscriptionGroups": [
            {
                "referenceName": "Plus",
                "subscriptions": [
                    {
                        "name": "Plus",
                        "productId": "plus",
                        "subscriptionLocalizations": [
                            {"name": "Plus", "locale": "de-DE", "description": "Beta test"}
                        ],
                    }
                ],
            }
        ],
    }
    with start_sandbox(world(app_=sold)) as sandbox:
        done = check(tmp_path, sandbox)
    report = {one["rule"]: one["message"] for one in json.loads(done.outputs["report"])}
    assert "coins" in report["free_stuff_in_iap"]
    assert "coins" in report["placeholder_text"]
    assert "de-DE: description of plus" in report["test_words"]
    assert "plus" in report["in-app-purchases"]
    assert "en-US" in report["subscription-terms"]


def test_devices_of_the_binary_want_screenshots(tmp_path: Path) -> None:
    path = tmp_path / "Example.ipa"
    path.write_bytes(
        ipa(BUNDLE_ID, "2.0", "8", UIDeviceFamily=[1, 2], CFBundleSupportedPlatforms=["iPhoneOS"])
    )
    with start_sandbox(world()) as sandbox:
        done = check(tmp_path, sandbox, file=path)
    assert ("screenshots", "error") in found(done)
    assert "IPAD" in done.outputs["report"]


def test_only_words_of_a_live_version_are_looked_at(tmp_path: Path) -> None:
    live = store_version(
        "1.0", copyright="2020 Example", appStoreVersionLocalizations=[texts(description="Tbd")]
    )
    with start_sandbox(seed(apps=[app(BUNDLE_ID, versions=[live])])) as sandbox:
        assert found(check(tmp_path, sandbox, target="live")) == [("placeholder_text", "warning")]
        assert check(tmp_path, sandbox).code == 1


def test_a_role_that_may_not_read_prices_gets_warnings(tmp_path: Path) -> None:
    refused = [
        "GET /v1/apps/*/appPriceSchedule status=403",
        "GET /v1/apps/*/inAppPurchasesV2 status=403",
    ]
    with start_sandbox(world(), faults=refused) as sandbox:
        done = check(tmp_path, sandbox)
    assert done.code == 0
    assert {("price", "warning"), ("in-app-purchases", "warning")} <= set(found(done))


@pytest.mark.parametrize("relation", ["appPriceSchedule", "appAvailabilityV2"])
def test_a_404_that_passes_is_no_missing_price_or_territory(tmp_path: Path, relation: str) -> None:
    with start_sandbox(world(), faults=[f"GET /v1/apps/*/{relation} status=404"]) as sandbox:
        done = check(tmp_path, sandbox)
    assert (done.code, done.outputs["ready"]) == (0, "true"), done.stdout


def test_without_a_key_the_files_alone_are_checked(tmp_path: Path) -> None:
    files = write_files(tmp_path / "metadata", {"en-US/name.txt": "Example"})
    done = in_job(
        tmp_path,
        {"bundle-id": BUNDLE_ID, "metadata": str(files), "screenshots": "none", "urls": "false"},
        command="check-app-store",
    )
    assert (done.code, done.outputs["online"], len(done.log.messages("warning"))) == (0, "false", 1)


@pytest.mark.parametrize(
    "inputs", [{"online": "true"}, {"version": "2.0"}, {"app-id": "1", "bundle-id": "com.x"}]
)
def test_an_app_that_is_missing_or_named_twice_is_a_wrong_input(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    assert in_job(tmp_path, {"metadata": "none", **inputs}, command="check-app-store").code == 2


@pytest.mark.parametrize(("available", "rules"), [(True, set()), (False, {"availability"})])
def test_a_territory_behind_the_first_page_counts(tmp_path: Path, available: bool, rules: set[str]) -> None:
    # Apple includes 50 of 175 territories, and an app may be sold in the last one alone.
    given = world()
    territories = [{"available": False} for _ in range(60)] + [{"available": available}]
    given["apps"][0]["appAvailabilityV2"] = {"territoryAvailabilities": territories}
    with start_sandbox(given) as sandbox:
        done = check(tmp_path, sandbox)
    assert {rule for rule, _ in found(done)} & {"availability"} == rules, done.stdout
