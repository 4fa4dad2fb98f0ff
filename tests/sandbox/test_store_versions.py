"""Versions in the App Store, their texts, the infos of the app, and when each of them can be changed."""

from __future__ import annotations

import pytest

from asc_sandbox.plans import Store
from sandbox.client import Client
from sandbox.store import details, infos, make_version, running, text_of, versions, world
from support.sandbox import app, build, store_version
from support.store import CONTACT

LIVE = store_version("1.0", id="live")


def test_a_second_version_of_a_platform_is_refused_and_one_of_another_is_not() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        assert details(make_version(client, "2.1")) == [
            (
                "ENTITY_ERROR.RELATIONSHIP.INVALID",
                "You cannot create a new version of the App in the current state.",
            )
        ]
        assert make_version(client, "2.1", "MAC_OS").status == 201


@pytest.mark.parametrize("number", ["1.0", "1.0.0.0", "next"])
def test_a_number_that_was_used_or_is_none_is_refused(number: str) -> None:
    with running(world(LIVE)) as sandbox:
        assert make_version(Client(sandbox), number).status == 409
        assert versions(Client(sandbox)) == {"1.0": "READY_FOR_DISTRIBUTION"}


def test_a_new_version_copies_texts_but_not_what_is_new_and_brings_an_app_info() -> None:
    with running(world(LIVE)) as sandbox:
        client = Client(sandbox)
        before = text_of(client, "live")
        client.patch("appStoreVersionLocalizations", before["id"], promotionalText="Now on sale")
        version = make_version(client, "2.0").document["data"]["id"]
        copied = text_of(client, version)
        assert copied["id"] != before["id"]
        assert (copied["description"], copied["promotionalText"]) == (before["description"], "Now on sale")
        assert copied["whatsNew"] is None
        assert infos(client).keys() == {"READY_FOR_DISTRIBUTION", "PREPARE_FOR_SUBMISSION"}


def test_both_names_of_a_state_agree() -> None:
    with running(world(store_version("1.0", appVersionState="PENDING_DEVELOPER_RELEASE"))) as sandbox:
        answer = Client(sandbox).get("/v1/apps/1/appStoreVersions")
        assert answer.attribute("appStoreState") == ["PENDING_DEVELOPER_RELEASE"]
        assert infos(Client(sandbox)).keys() == {"PENDING_RELEASE"}


def test_what_apple_copies_shows_late_and_cannot_be_made_meanwhile() -> None:
    with running(world(LIVE), store=Store(lag=60)) as sandbox:
        client = Client(sandbox)
        version = make_version(client, "2.0").document["data"]["id"]
        path = f"/v1/appStoreVersions/{version}/appStoreVersionLocalizations"
        assert (client.get(path).ids(), infos(client).keys()) == ([], {"READY_FOR_DISTRIBUTION"})
        refused = client.post(
            "appStoreVersionLocalizations", {"locale": "en-US"}, appStoreVersion=("appStoreVersions", version)
        )
        assert details(refused) == [
            (
                "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE",
                "Entity with locale: en-US already exists. Try updating.",
            )
        ]
        early = client.patch("appStoreVersions", version, releaseType="MANUAL")
        assert details(early) == [("STATE_ERROR", "Attribute 'releaseType' cannot be edited at this time")]
        sandbox.skip(60)
        assert client.get(path).ids()
        assert "PREPARE_FOR_SUBMISSION" in infos(client)
        assert client.patch("appStoreVersions", version, releaseType="MANUAL").status == 200


def test_a_first_version_takes_no_release_notes() -> None:
    with running(
        world(store_version("1.0", id="first", appVersionState="PREPARE_FOR_SUBMISSION"))
    ) as sandbox:
        client = Client(sandbox)
        text = text_of(client, "first")["id"]
        refused = client.patch("appStoreVersionLocalizations", text, whatsNew="New", description="Text")
        assert details(refused) == [("STATE_ERROR", "Attribute 'whatsNew' cannot be edited at this time")]
        assert client.patch("appStoreVersionLocalizations", text, description="Text").status == 200


def test_only_the_promotional_text_of_a_live_version_can_be_changed() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        text = text_of(client, "live")["id"]
        refused = client.patch(
            "appStoreVersionLocalizations", text, description="a", keywords="b", promotionalText="c"
        )
        assert [detail for _, detail in details(refused)] == [
            "Attribute 'description' cannot be edited at this time",
            "Attribute 'keywords' cannot be edited at this time",
        ]
        assert client.patch("appStoreVersionLocalizations", text, promotionalText="c").status == 200
        made = client.post(
            "appStoreVersionLocalizations", {"locale": "de-DE"}, appStoreVersion=("appStoreVersions", "live")
        )
        assert "after the app version has been submitted" in made.error["detail"]
        assert client.patch("appStoreVersions", "live", copyright="2026").status == 409


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"keywords": "a" * 101}, "TOO_LONG"),
        ({"promotionalText": "a" * 171}, "TOO_LONG"),
        ({"whatsNew": "Fixed 🚨"}, "INVALID_CHARACTERS"),
        ({"description": "<b>bold</b>"}, "INVALID_CHARACTERS"),
    ],
)
def test_texts_that_app_store_connect_does_not_take(attributes: dict[str, str], kind: str) -> None:
    with running() as sandbox:
        client = Client(sandbox)
        refused = client.patch("appStoreVersionLocalizations", text_of(client, "next")["id"], **attributes)
        assert refused.error["code"] == f"ENTITY_ERROR.ATTRIBUTE.INVALID.{kind}"


def test_a_language_is_made_once_and_the_primary_one_stays() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        owner = ("appStoreVersions", "next")
        made = client.post("appStoreVersionLocalizations", {"locale": "bn-BD"}, appStoreVersion=owner)
        assert made.status == 201
        for locale in ("bn-BD", "de"):
            assert (
                client.post("appStoreVersionLocalizations", {"locale": locale}, appStoreVersion=owner).status
                == 409
            )
        assert client.delete("appStoreVersionLocalizations", made.document["data"]["id"]).status == 204
        assert client.delete("appStoreVersionLocalizations", text_of(client, "next")["id"]).status == 409


def test_the_name_of_the_live_app_info_is_locked_field_by_field() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        live, editable = infos(client)["READY_FOR_DISTRIBUTION"], infos(client)["PREPARE_FOR_SUBMISSION"]
        (locked,) = client.get(f"/v1/appInfos/{live}/appInfoLocalizations").ids()
        (free,) = client.get(f"/v1/appInfos/{editable}/appInfoLocalizations").ids()
        assert details(client.patch("appInfoLocalizations", locked, name="Other", subtitle="More")) == [
            (
                "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
                f"The field '{name}' can not be modified in the current state.",
            )
            for name in ("name", "subtitle")
        ]
        assert client.patch("appInfoLocalizations", free, name="Other", subtitle=None).status == 200


@pytest.mark.parametrize(("name", "account"), [("Second", "SAME_ACCOUNT"), ("Taken", "DIFFERENT_ACCOUNT")])
def test_a_name_that_another_app_has_is_refused(name: str, account: str) -> None:
    seed = world(takenNames=["Taken"])
    seed["apps"].append(app("com.example.second", id="2"))
    with running(seed) as sandbox:
        client = Client(sandbox)
        owner = ("appInfos", infos(client)["PREPARE_FOR_SUBMISSION"])
        refused = client.post("appInfoLocalizations", {"locale": "de-DE", "name": name}, appInfo=owner)
        assert refused.error["code"] == f"ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE.{account}"
        assert refused.error["source"] == {"pointer": "/data/attributes/name"}


def test_categories_are_set_and_cleared_and_a_subcategory_belongs_to_its_category() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        info = infos(client)["PREPARE_FOR_SUBMISSION"]

        def choose(**chosen: str | None) -> int:
            related = {
                name: {"data": each and {"type": "appCategories", "id": each}}
                for name, each in chosen.items()
            }
            body = {"data": {"type": "appInfos", "id": info, "relationships": related}}
            return client.request("PATCH", f"/v1/appInfos/{info}", body).status

        assert choose(primaryCategory="GAMES", primarySubcategoryOne="GAMES_WORD") == 200
        assert choose(secondaryCategory="NEWS", secondarySubcategoryOne="GAMES_WORD") == 409
        assert choose(primaryCategory="GAMES_WORD") == 409
        assert choose(primarySubcategoryOne=None) == 200
        assert client.get(f"/v1/appInfos/{info}/primaryCategory").document["data"]["id"] == "GAMES"
        assert client.get(f"/v1/appInfos/{info}/primarySubcategoryOne").status == 404


def test_games_have_subcategories_and_are_no_subcategory() -> None:
    with running() as sandbox:
        answer = Client(sandbox).get(
            "/v1/appCategories",
            filter__platforms="TV_OS",
            exists__parent="false",
            include="subcategories",
            limit="200",
        )
        assert "GAMES" in answer.ids() and "STICKERS" not in answer.ids() and "GAMES_WORD" not in answer.ids()
        assert "GAMES_CARD" in [each["id"] for each in answer.document["included"]]


def test_the_age_rating_of_a_new_app_is_unanswered_and_unknown_questions_are_refused() -> None:
    first = store_version("1.0", appVersionState="PREPARE_FOR_SUBMISSION")
    with running(world(first), expect_violations=True) as sandbox:
        client = Client(sandbox)
        (info,) = infos(client).values()
        declaration = client.get(f"/v1/appInfos/{info}/ageRatingDeclaration").document["data"]
        assert set(declaration["attributes"].values()) == {None}
        assert (
            client.patch("ageRatingDeclarations", declaration["id"], contests="NONE", lootBox=True).status
            == 200
        )
        refused = client.patch("ageRatingDeclarations", declaration["id"], seventeenPlus=False)
        assert details(refused) == [
            (
                "ENTITY_ERROR.ATTRIBUTE.UNKNOWN",
                "'seventeenPlus' is not an attribute on the resource 'ageRatingDeclarations'",
            )
        ]


def test_review_details_are_not_there_until_the_whole_contact_is_given() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        absent = client.get("/v1/appStoreVersions/next/appStoreReviewDetail")
        assert (absent.status, absent.error["detail"]) == (
            404,
            "There is no resource of type 'appStoreReviewDetails' with id 'null'",
        )
        owner = ("appStoreVersions", "next")
        refused = client.post("appStoreReviewDetails", {"contactFirstName": "Ada"}, appStoreVersion=owner)
        assert [error["source"]["pointer"].rsplit("/", 1)[1] for error in refused.document["errors"]] == [
            "contactLastName",
            "contactPhone",
            "contactEmail",
        ]
        made = client.post("appStoreReviewDetails", CONTACT, appStoreVersion=owner)
        assert made.status == 201
        assert (
            client.patch("appStoreReviewDetails", made.document["data"]["id"], contactPhone="0555").status
            == 409
        )


def test_a_build_is_attached_when_it_is_valid_and_of_the_version() -> None:
    builds = [
        build("1.0", "1", id="old"),
        build("2.0", "2", id="new"),
        build("2.0", "3", "PROCESSING", id="unready"),
        build("2.0", "4", id="expired", expired=True),
        build("2.0", "5", id="mac", platform="MAC_OS"),
    ]
    seed = world()
    seed["apps"] = [
        app("com.example.app", id="1", builds=builds, versions=seed["apps"][0]["appStoreVersions"])
    ]
    with running(seed) as sandbox:
        client = Client(sandbox)
        path = "appStoreVersions/next/relationships/build"
        for refused in ("old", "unready", "expired", "mac"):
            assert client.link("PATCH", path, ("builds", refused)).error["detail"] == (
                "The specified pre-release build could not be added."
            )
        assert client.link("PATCH", path, ("builds", "new")).status == 204
        assert client.get("/v1/appStoreVersions/next/build").document["data"]["id"] == "new"
        assert client.request("PATCH", f"/v1/{path}", {"data": None}).status == 204


def test_a_schedule_needs_a_date_of_a_full_hour() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        assert client.patch("appStoreVersions", "next", releaseType="SCHEDULED").status == 409
        for moment, status in (("2030-01-31T10:30:00Z", 409), ("2030-01-31T10:00:00Z", 200)):
            answer = client.patch(
                "appStoreVersions", "next", releaseType="SCHEDULED", earliestReleaseDate=moment
            )
            assert answer.status == status


def test_a_version_that_is_deleted_takes_its_app_info_along() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        assert client.delete("appStoreVersions", "live").status == 409
        assert client.delete("appStoreVersions", "next").status == 204
        assert (versions(client).keys(), infos(client).keys()) == ({"1.0"}, {"READY_FOR_DISTRIBUTION"})


def test_content_rights_and_the_primary_locale_of_an_app_are_changed() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        assert client.patch("apps", "1", contentRightsDeclaration="USES_THIRD_PARTY_CONTENT").status == 200
        assert client.patch("apps", "1", primaryLocale="fr-FR").status == 409
