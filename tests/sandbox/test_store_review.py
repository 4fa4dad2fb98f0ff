"""Review submissions, reviewers, releases and their phases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from sandbox.client import Client, token
from sandbox.store import (
    add,
    details,
    draft,
    infos,
    make_version,
    running,
    state_of,
    submit,
    submittable,
    versions,
    world,
)
from sandbox.test_server import process
from support.sandbox import store_version
from support.store import ready_version, texts

NEVER = Store(review=0, verdict="never", release=0, cancel=0)


def lacking(client: Client) -> dict[str, list[str]]:
    """What Apple says that the version lacks: the ends of the pointers or codes, by type of resource."""
    refused = add(client, draft(client).document["data"]["id"])
    assert (refused.status, refused.error["code"]) == (409, "STATE_ERROR.ENTITY_STATE_INVALID")
    found: dict[str, list[str]] = {}
    for path, errors in refused.error["meta"]["associatedErrors"].items():
        names = [each.get("source", {}).get("pointer", each["code"]).rsplit("/", 1)[-1] for each in errors]
        found.setdefault(path.split("/")[2], []).extend(names)
    return found


def later(sandbox: Sandbox, client: Client, seconds: float) -> None:
    """Let time pass, and give the client a token of then."""
    sandbox.skip(seconds)
    now = int(sandbox.clock.now())
    client.token = token(sandbox.api_key(), iat=now, exp=now + 600)


def test_a_version_waits_is_reviewed_and_gets_live_with_its_app_info() -> None:
    with running(submittable(), store=Store(review=60, release=60)) as sandbox:
        client = Client(sandbox)
        submission, seen = submit(client), [versions(client)["2.0"]]
        for seconds in (30, 30, 60):
            sandbox.skip(seconds)
            seen.append(versions(client)["2.0"])
        assert seen == [
            "WAITING_FOR_REVIEW",
            "IN_REVIEW",
            "PROCESSING_FOR_DISTRIBUTION",
            "READY_FOR_DISTRIBUTION",
        ]
        assert state_of(client, submission) == "COMPLETE"
        assert versions(client)["1.0"] == "REPLACED_WITH_NEW_VERSION"
        assert list(infos(client)) == ["READY_FOR_DISTRIBUTION"]
        assert make_version(client, "3.0").status == 201


def test_a_version_that_lacks_everything_is_told_all_of_it_by_resource() -> None:
    first = store_version("1.0", id="next", appVersionState="PREPARE_FOR_SUBMISSION")
    bare = {"priced": False, "available": False, "privacyPublished": False, "contentRightsDeclaration": None}
    with running(world(first, **bare)) as sandbox:
        found = lacking(Client(sandbox))
        assert found.pop("ageRatingDeclarations")[:3] == [
            "alcoholTobaccoOrDrugUseOrReferences",
            "contests",
            "gamblingSimulated",
        ]
        assert found == {
            "appStoreVersions": ["copyright", "build"],
            "appStoreVersionLocalizations": [
                "description",
                "keywords",
                "supportUrl",
                "STATE_ERROR.SCREENSHOT_REQUIRED.APP_IPHONE_67",
            ],
            "appStoreReviewDetails": ["contactFirstName", "contactLastName", "contactPhone", "contactEmail"],
            "appInfos": ["primaryCategory"],
            "appInfoLocalizations": ["privacyPolicyUrl"],
            "apps": [
                "contentRightsDeclaration",
                "STATE_ERROR.APP_PRICE_REQUIRED",
                "STATE_ERROR.APP_AVAILABILITY_REQUIRED",
            ],
            "appDataUsages": ["STATE_ERROR.APP_DATA_USAGES_REQUIRED"],
        }


@pytest.mark.parametrize(
    ("attributes", "resource", "missing"),
    [
        ({"versionString": "0.9"}, "appStoreVersions", "versionString"),
        (
            {"appStoreVersionLocalizations": [texts(whatsNew=None), texts("de-DE")]},
            "appStoreVersionLocalizations",
            "whatsNew",
        ),
        (
            {"appStoreVersionLocalizations": [texts(), texts("de-DE")]},
            "appInfos",
            "appInfoLocalizations",
        ),
        (
            {
                "appStoreVersionLocalizations": [
                    texts(appScreenshotSets=[{"screenshotDisplayType": "APP_IPHONE_55"}])
                ]
            },
            "appStoreVersionLocalizations",
            "STATE_ERROR.SCREENSHOT_REQUIRED.APP_IPHONE_55",
        ),
        (
            {"appStoreReviewDetail": {"contactFirstName": "Ada", "demoAccountRequired": True}},
            "appStoreReviewDetails",
            "demoAccountPassword",
        ),
    ],
)
def test_each_thing_that_is_missing_is_named(attributes: dict[str, Any], resource: str, missing: str) -> None:
    with running(submittable(**attributes)) as sandbox:
        assert missing in lacking(Client(sandbox))[resource]


def test_a_rejected_version_is_free_again_when_its_submission_is_withdrawn() -> None:
    with running(submittable(), store=Store(review=0, verdict="rejected", cancel=0)) as sandbox:
        client = Client(sandbox)
        submission = submit(client)
        assert (state_of(client, submission), versions(client)["2.0"]) == ("UNRESOLVED_ISSUES", "REJECTED")
        refused = add(client, draft(client).document["data"]["id"])
        assert refused.error["code"] == "STATE_ERROR.ITEM_PART_OF_ANOTHER_SUBMISSION"
        assert submission in refused.error["detail"]
        again = client.patch("reviewSubmissions", submission, submitted=True)
        assert "not ready to be submitted yet" in again.error["detail"]
        cancelled = client.patch("reviewSubmissions", submission, canceled=True)
        assert cancelled.document["data"]["attributes"]["state"] == "CANCELING"
        assert state_of(client, submission) == "COMPLETE"
        (second,) = client.get(
            "/v1/reviewSubmissions", filter__app="1", filter__state="READY_FOR_REVIEW", filter__platform="IOS"
        ).ids()
        assert add(client, second).status == 201


def test_the_version_of_a_withdrawn_submission_is_locked_for_longer_than_it_says() -> None:
    with running(submittable(), store=Store(verdict="never", cancel=60)) as sandbox:
        client = Client(sandbox)
        submission = submit(client)
        client.patch("reviewSubmissions", submission, canceled=True)
        sandbox.skip(30)
        assert state_of(client, submission) == "COMPLETE"
        assert versions(client)["2.0"] == "WAITING_FOR_REVIEW"
        sandbox.skip(30)
        assert versions(client)["2.0"] == "DEVELOPER_REJECTED"


def test_an_empty_draft_can_be_neither_submitted_nor_withdrawn_nor_made_twice() -> None:
    with running(submittable()) as sandbox:
        client = Client(sandbox)
        first = draft(client).document["data"]["id"]
        assert client.patch("reviewSubmissions", first, canceled=True).error["detail"] == (
            "Resource is not in cancellable state"
        )
        assert (
            "does not have any items"
            in client.patch("reviewSubmissions", first, submitted=True).error["detail"]
        )
        assert details(draft(client)) == [
            ("STATE_ERROR", f"There is another reviewSubmissions with id {first} still in progress")
        ]
        assert draft(client, "MAC_OS").status == 201


def test_beside_a_version_one_more_submission_is_under_way_without_one() -> None:
    seed = submittable()
    seed["apps"][0] |= {"appEvents": [{"id": "event", "referenceName": "Race"}]}
    with running(seed, store=NEVER) as sandbox:
        client = Client(sandbox)
        submit(client)
        second = draft(client).document["data"]["id"]
        event = client.post(
            "reviewSubmissionItems",
            reviewSubmission=("reviewSubmissions", second),
            appEvent=("appEvents", "event"),
        )
        assert event.status == 201
        assert client.patch("reviewSubmissions", second, submitted=True).status == 200
        assert "still in progress" in draft(client).error["detail"]


def test_an_ipad_needs_screenshots_of_its_own() -> None:
    seed = submittable()
    (train,) = [each for each in seed["apps"][0]["preReleaseVersions"] if each["version"] == "2.0"]
    train["builds"][0]["families"] = ["IPHONE", "IPAD"]
    with running(seed) as sandbox:
        assert lacking(Client(sandbox)) == {
            "appStoreVersionLocalizations": ["STATE_ERROR.SCREENSHOT_REQUIRED.APP_IPAD_PRO_3GEN_129"]
        }


def test_what_was_submitted_is_frozen() -> None:
    with running(submittable(), store=NEVER) as sandbox:
        client = Client(sandbox)
        submission = submit(client)
        (item,) = client.get(f"/v1/reviewSubmissions/{submission}/items").ids()
        assert client.delete("reviewSubmissionItems", item).status == 409
        assert client.patch("appStoreVersions", "next", copyright="2027").status == 409
        assert client.patch("appStoreVersions", "next", releaseType="MANUAL").status == 200
        assert (
            add(client, submission).error["detail"]
            == "reviewSubmission state does not allow adding more items."
        )
        assert client.patch("reviewSubmissions", submission, submitted=True).status == 409


def test_a_version_is_taken_out_of_a_draft() -> None:
    with running(submittable()) as sandbox:
        client = Client(sandbox)
        submission = draft(client).document["data"]["id"]
        item = add(client, submission).document["data"]["id"]
        assert versions(client)["2.0"] == "READY_FOR_REVIEW"
        assert client.delete("reviewSubmissionItems", item).status == 204
        assert versions(client)["2.0"] == "PREPARE_FOR_SUBMISSION"


def test_a_version_that_is_not_ready_yet_cannot_be_submitted() -> None:
    with running(submittable(), store=Store(lag=60)) as sandbox:
        client = Client(sandbox)
        submission = draft(client).document["data"]["id"]
        add(client, submission)
        early = client.patch("reviewSubmissions", submission, submitted=True)
        assert "please try again later" in early.error["detail"]
        sandbox.skip(60)
        assert client.patch("reviewSubmissions", submission, submitted=True).status == 200


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("approved", "PENDING_DEVELOPER_RELEASE"),
        ("rejected", "REJECTED"),
        ("metadata-rejected", "METADATA_REJECTED"),
    ],
)
def test_reviewers_decide_on_command(verdict: Any, state: str) -> None:
    with running(submittable(releaseType="MANUAL"), store=NEVER) as sandbox:
        client = Client(sandbox)
        submit(client)
        assert versions(client)["2.0"] == "WAITING_FOR_REVIEW"
        assert (sandbox.decide(verdict, "com.example.other"), sandbox.decide(verdict)) == (0, 1)
        assert versions(client)["2.0"] == state


def test_a_version_is_released_once_and_only_when_it_waits_for_that() -> None:
    with running(submittable(releaseType="MANUAL")) as sandbox:
        client = Client(sandbox)

        def release() -> int:
            return client.post(
                "appStoreVersionReleaseRequests", appStoreVersion=("appStoreVersions", "next")
            ).status

        assert release() == 409
        submit(client)
        assert infos(client).keys() == {"READY_FOR_DISTRIBUTION", "PENDING_RELEASE"}
        assert [release(), versions(client)["2.0"], release()] == [201, "READY_FOR_DISTRIBUTION", 409]


def test_a_scheduled_version_waits_for_its_hour() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    seed = submittable(releaseType="SCHEDULED", earliestReleaseDate=soon.isoformat())
    with running(seed) as sandbox:
        client = Client(sandbox)
        submit(client)
        assert versions(client)["2.0"] == "PENDING_DEVELOPER_RELEASE"
        later(sandbox, client, 2 * 3600)
        assert versions(client)["2.0"] == "READY_FOR_DISTRIBUTION"


def phased(client: Client) -> dict[str, Any]:
    data = client.get("/v1/appStoreVersions/next/appStoreVersionPhasedRelease").document["data"]
    return {"id": data["id"], **data["attributes"]}


def test_a_phased_release_counts_its_days_and_not_those_of_a_pause() -> None:
    day = 24 * 3600
    with running(submittable()) as sandbox:
        client = Client(sandbox)
        made = client.post("appStoreVersionPhasedReleases", appStoreVersion=("appStoreVersions", "next"))
        phase = made.document["data"]["id"]
        assert (phased(client)["phasedReleaseState"], phased(client)["startDate"]) == ("INACTIVE", None)

        def become(state: str) -> int:
            return client.patch("appStoreVersionPhasedReleases", phase, phasedReleaseState=state).status

        assert become("PAUSED") == 409
        submit(client)
        assert (phased(client)["phasedReleaseState"], phased(client)["currentDayNumber"]) == ("ACTIVE", 1)
        later(sandbox, client, 2 * day)
        assert (phased(client)["currentDayNumber"], become("PAUSED")) == (3, 200)
        later(sandbox, client, 4 * day)
        assert (phased(client)["currentDayNumber"], phased(client)["totalPauseDuration"]) == (3, 4)
        assert become("ACTIVE") == 200
        later(sandbox, client, 5 * day)
        assert phased(client)["phasedReleaseState"] == "COMPLETE"
        assert client.delete("appStoreVersionPhasedReleases", phase).status == 409


def test_a_first_version_is_not_released_in_phases() -> None:
    with running(world(ready_version("1.0", id="next"))) as sandbox:
        refused = Client(sandbox).post(
            "appStoreVersionPhasedReleases",
            {"phasedReleaseState": "INACTIVE"},
            appStoreVersion=("appStoreVersions", "next"),
        )
        assert refused.status == 409


@pytest.mark.parametrize(("sold", "status"), [(True, 200), (False, 404)])
def test_price_and_availability_are_there_or_not(sold: bool, status: int) -> None:
    with running(world(priced=sold, available=sold)) as sandbox:
        client = Client(sandbox)
        for path in ("/v1/apps/1/appPriceSchedule", "/v1/apps/1/appAvailabilityV2"):
            assert client.get(path).status == status
        if sold:
            available = client.get("/v2/appAvailabilities/1/territoryAvailabilities", include="territory")
            assert available.attribute("available") and "USA" in [
                x["id"] for x in available.document["included"]
            ]


SOLD = {
    "inAppPurchasesV2": [
        {
            "id": "coins",
            "name": "Coins",
            "productId": "coins",
            "inAppPurchaseLocalizations": [{"name": "Coins"}],
        },
        {"id": "half", "name": "Half", "productId": "half", "state": "MISSING_METADATA"},
    ],
    "subscriptionGroups": [
        {"id": "group", "referenceName": "Plus", "subscriptions": [{"id": "plus", "name": "Plus"}]}
    ],
    "appEvents": [{"id": "event", "referenceName": "Race"}],
}


def test_purchases_go_through_review_beside_a_version_and_the_first_not_without_one() -> None:
    seed = submittable()
    seed["apps"][0] |= SOLD
    with running(seed) as sandbox:
        client = Client(sandbox)

        def version_of(path: str) -> str:
            return str(client.get(f"{path}/versions").document["data"][0]["id"])

        coins, half = version_of("/v2/inAppPurchases/coins"), version_of("/v2/inAppPurchases/half")
        plus = version_of("/v1/subscriptions/plus")
        submission = draft(client).document["data"]["id"]

        def put(**thing: tuple[str, str]) -> int:
            return client.post(
                "reviewSubmissionItems", reviewSubmission=("reviewSubmissions", submission), **thing
            ).status

        assert put(inAppPurchaseVersion=("inAppPurchaseVersions", coins)) == 201
        assert put(inAppPurchaseVersion=("inAppPurchaseVersions", half)) == 409
        assert put(subscriptionVersion=("subscriptionVersions", plus)) == 201
        alone = client.patch("reviewSubmissions", submission, submitted=True)
        assert alone.error["code"] == "STATE_ERROR.FIRST_NON_CONSUMABLE_MUST_BE_SUBMITTED_ON_VERSION"
        assert add(client, submission).status == 201
        assert client.patch("reviewSubmissions", submission, submitted=True).status == 200
        listed = client.get("/v1/apps/1/inAppPurchasesV2", include="inAppPurchaseLocalizations,versions")
        assert listed.attribute("state") == ["APPROVED", "MISSING_METADATA"]
        assert client.get("/v1/apps/1/subscriptionGroups", include="subscriptions").status == 200
        assert client.get("/v1/subscriptionGroups/group/subscriptions").attribute("state") == ["APPROVED"]


def test_an_event_that_is_withdrawn_is_a_draft_again() -> None:
    with running(world(**SOLD)) as sandbox:
        client = Client(sandbox)
        submission = draft(client).document["data"]["id"]
        item = client.post(
            "reviewSubmissionItems",
            reviewSubmission=("reviewSubmissions", submission),
            appEvent=("appEvents", "event"),
        ).document["data"]["id"]
        assert client.get("/v1/apps/1/appEvents").attribute("eventState") == ["READY_FOR_REVIEW"]
        assert client.delete("reviewSubmissionItems", item).status == 204
        assert client.get("/v1/appEvents/event").document["data"]["attributes"]["eventState"] == "DRAFT"


@pytest.mark.parametrize(("form", "kind"), [("lists", list), ("objects", dict), ("absent", type(None))])
def test_what_is_missing_is_told_in_three_forms(form: Any, kind: type) -> None:
    with running(submittable(copyright=None), store=Store(associated=form)) as sandbox:
        client = Client(sandbox)
        error = add(client, draft(client).document["data"]["id"]).error
        told = error.get("meta", {}).get("associatedErrors", {}).get("/v1/appStoreVersions/next")
        assert isinstance(told, kind)


@pytest.mark.parametrize(
    ("state", "status"), [("PENDING_DEVELOPER_RELEASE", 204), ("READY_FOR_DISTRIBUTION", 409)]
)
def test_an_approved_version_of_the_older_api_is_given_up(state: str, status: int) -> None:
    version = store_version("1.0", appVersionState=state, appStoreVersionSubmission={"id": "old"})
    with running(world(version)) as sandbox:
        client = Client(sandbox)
        assert client.delete("appStoreVersionSubmissions", "old").status == status
        assert versions(client)["1.0"] == ("DEVELOPER_REJECTED" if status == 204 else state)


def test_options_of_the_command_say_how_apple_decides(tmp_path: Path) -> None:
    seed_file, key_file = tmp_path / "seed.yml", tmp_path / "key.json"
    seed_file.write_text(json.dumps(submittable()))  # JSON is YAML
    options = ["--app-review", "0", "--verdict", "metadata-rejected", "--media", "0", "--cancel", "0"]
    with process("--seed", seed_file, "--key-file", key_file, *options) as (_, url):
        client = Client(
            cast(Sandbox, SimpleNamespace(url=url, api_key=lambda _: json.loads(key_file.read_text())))
        )
        submit(client)
        assert versions(client)["2.0"] == "METADATA_REJECTED"
