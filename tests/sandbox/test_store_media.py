"""Screenshots, previews and files for reviewers: reserved, uploaded, processed, ordered, given out again."""

from __future__ import annotations

import hashlib
import urllib.request

import pytest

from asc_sandbox.plans import Store
from sandbox.client import Client
from sandbox.store import (
    asset,
    details,
    jpeg,
    make_set,
    make_version,
    png,
    reserve,
    running,
    text_of,
    upload,
    world,
)
from support.sandbox import store_version
from support.store import CONTACT

SHOT = png()
LOCKED = store_version("1.0", id="next", appVersionState="WAITING_FOR_REVIEW")


def sets_of(client: Client, version: str, **query: str) -> list[list[str]]:
    """The ids of the screenshots of each set."""
    path = f"/v1/appStoreVersionLocalizations/{text_of(client, version)['id']}/appScreenshotSets"
    answer = client.get(path, include="appScreenshots", **query)
    listed = [each["relationships"]["appScreenshots"]["data"] for each in answer.document["data"]]
    return [[each["id"] for each in group] for group in listed]


def test_a_screenshot_shows_its_checksum_and_its_picture_when_it_is_processed() -> None:
    with running(store=Store(media=60)) as sandbox:
        client = Client(sandbox)
        reserved = reserve(client, make_set(client).document["data"]["id"], SHOT)
        (operation,) = reserved.document["data"]["attributes"]["uploadOperations"]
        assert operation.keys() == {"method", "url", "offset", "length", "requestHeaders"}
        shot = upload(client, reserved, SHOT)
        assert shot["assetDeliveryState"]["state"] == "UPLOAD_COMPLETE"
        assert (shot["sourceFileChecksum"], shot["imageAsset"], shot["uploadOperations"]) == (
            None,
            None,
            None,
        )
        sandbox.skip(60)
        now = asset(client, "appScreenshots", shot["id"])
        assert now["assetDeliveryState"]["state"] == "COMPLETE"
        assert now["sourceFileChecksum"] == hashlib.md5(SHOT).hexdigest()
        assert (now["imageAsset"]["width"], now["imageAsset"]["height"]) == (1290, 2796)


@pytest.mark.parametrize(("content", "extension"), [(SHOT, "png"), (jpeg(), "jpg")])
def test_a_picture_comes_back_with_other_bytes(content: bytes, extension: str) -> None:
    with running() as sandbox:
        client = Client(sandbox)
        group = make_set(client).document["data"]["id"]
        shot = upload(client, reserve(client, group, content, f"1.{extension}"), content)
        image = asset(client, "appScreenshots", shot["id"])["imageAsset"]
        url = image["templateUrl"].format(w=image["width"], h=image["height"], f=extension)
        with urllib.request.urlopen(url) as answer:
            given = answer.read()
        assert given != content
        assert upload(client, reserve(client, group, given, f"2.{extension}"), given)["id"]
        assert [
            each["attributes"]["assetDeliveryState"]["state"]
            for each in client.get(f"/v1/appScreenshotSets/{group}/appScreenshots").document["data"]
        ] == ["COMPLETE", "COMPLETE"]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (png(1284, 2778), "1.png", "IMAGE_INCORRECT_DIMENSIONS"),
        (png(alpha=True), "1.png", "IMAGE_INCORRECT_DIMENSIONS"),
        (jpeg(), "1.png", "IMAGE_BAD_FILE_EXTENSION"),
        (SHOT[:-20], "1.png", "IMAGE_CORRUPTED"),
        (jpeg(channels=4), "1.jpg", "IMAGE_COLOR_SPACE"),
        (b"GIF89a", "1.png", "IMAGE_CORRUPTED"),
    ],
)
def test_what_is_wrong_with_a_picture_shows_when_it_is_processed(
    content: bytes, name: str, code: str
) -> None:
    with running() as sandbox:
        client = Client(sandbox)
        shot = upload(
            client, reserve(client, make_set(client).document["data"]["id"], content, name), content
        )
        state = asset(client, "appScreenshots", shot["id"])["assetDeliveryState"]
        assert (state["state"], state["errors"][0]["code"]) == ("FAILED", code)


def test_a_landscape_picture_is_right_for_a_phone_and_wrong_for_a_watch() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        states = []
        for kind, size in (("APP_IPHONE_67", (2796, 1290)), ("APP_WATCH_SERIES_4", (448, 368))):
            content = png(*size)
            shot = upload(
                client, reserve(client, make_set(client, kind).document["data"]["id"], content), content
            )
            states.append(asset(client, "appScreenshots", shot["id"])["assetDeliveryState"]["state"])
        assert states == ["COMPLETE", "FAILED"]


def test_parts_that_are_missing_and_bytes_of_another_checksum_are_told() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        reserved = reserve(client, make_set(client).document["data"]["id"], SHOT)
        shot = reserved.document["data"]["id"]
        assert client.patch("appScreenshots", shot, uploaded=True).status == 409
        failed = upload(client, reserved, SHOT, sourceFileChecksum="0" * 32)
        assert failed["assetDeliveryState"]["errors"][0]["code"] == "CHECKSUM_MISMATCH"


def test_a_set_takes_ten_reservations_too_and_a_language_one_set_of_a_type() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        group = make_set(client).document["data"]["id"]
        assert make_set(client).error["code"] == "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE"
        shots = [reserve(client, group, SHOT).document["data"]["id"] for _ in range(10)]
        assert reserve(client, group, SHOT).status == 409
        assert client.delete("appScreenshots", shots[0]).status == 204
        assert reserve(client, group, SHOT).status == 201


def test_apple_ignores_the_filter_by_display_type_and_keeps_the_order_that_is_set() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        make_set(client, "APP_IPHONE_55")
        group = make_set(client).document["data"]["id"]
        shots = [reserve(client, group, SHOT, f"{number}.png").document["data"]["id"] for number in (1, 2, 3)]
        assert sets_of(client, "next", filter__screenshotDisplayType="APP_IPHONE_67") == [[], shots]
        path = f"appScreenshotSets/{group}/relationships/appScreenshots"
        assert client.link("PATCH", path, [("appScreenshots", each) for each in shots[::-1]]).status == 204
        assert client.link("PATCH", path, [("appScreenshots", shots[0])]).status == 409
        assert sets_of(client, "next")[1] == shots[::-1]


def test_a_new_version_shows_the_screenshots_of_the_last_one_also_after_they_are_deleted() -> None:
    with running(world(store_version("1.0", id="next", appVersionState="PREPARE_FOR_SUBMISSION"))) as sandbox:
        client = Client(sandbox)
        group = make_set(client).document["data"]["id"]
        shot = upload(client, reserve(client, group, SHOT), SHOT)["id"]
        reserve(client, group, SHOT, "never sent.png")
        first = sandbox.world.find("appStoreVersions", "next")
        assert first
        sandbox.world.change(first, appVersionState="READY_FOR_DISTRIBUTION")
        version = make_version(client, "2.0").document["data"]["id"]
        ((copied,),) = sets_of(client, version)
        assert copied != shot
        sandbox.world.change(first, appVersionState="PREPARE_FOR_SUBMISSION")
        assert client.delete("appScreenshots", shot).status == 204
        now = asset(client, "appScreenshots", copied)
        assert now["sourceFileChecksum"] == hashlib.md5(SHOT).hexdigest()
        with urllib.request.urlopen(
            now["imageAsset"]["templateUrl"].format(w=1290, h=2796, f="png")
        ) as answer:
            assert answer.status == 200


def test_the_pictures_of_a_submitted_version_stay() -> None:
    seed = world(LOCKED)
    seed["apps"][0]["appStoreVersions"][0]["appStoreVersionLocalizations"] = [
        {"appScreenshotSets": [{"id": "set", "appScreenshots": [{"id": "shot"}]}]}
    ]
    with running(seed) as sandbox:
        client = Client(sandbox)
        assert details(client.delete("appScreenshots", "shot")) == [
            ("STATE_ERROR", "Can't Delete Screenshot After Submit for review")
        ]
        assert client.delete("appScreenshotSets", "set").status == 409
        assert reserve(client, "set", SHOT).status == 409
        assert make_set(client, "APP_IPHONE_55").status == 409
        image = asset(client, "appScreenshots", "shot")["imageAsset"]
        url = image["templateUrl"].format(w=image["width"], h=image["height"], f="png")
        with urllib.request.urlopen(url) as answer:
            assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("content", "state"), [(b"\0\0\0\x18ftypmp42 a video", "COMPLETE"), (b"GIF89a no video", "FAILED")]
)
def test_a_preview_is_processed_and_played_as_a_list_of_pieces(content: bytes, state: str) -> None:
    with running() as sandbox:
        client = Client(sandbox)
        text = ("appStoreVersionLocalizations", text_of(client, "next")["id"])
        made = client.post("appPreviewSets", {"previewType": "IPHONE_67"}, appStoreVersionLocalization=text)
        group = ("appPreviewSets", made.document["data"]["id"])
        given = {"fileName": "a.mp4", "fileSize": len(content), "mimeType": "video/mp4"}
        reserved = client.post("appPreviews", given, appPreviewSet=group)
        assert reserved.document["data"]["attributes"]["videoDeliveryState"]["state"] == "AWAITING_UPLOAD"
        preview = upload(client, reserved, content, previewFrameTimeCode="00:00:05:00")
        now = asset(client, "appPreviews", preview["id"])
        assert (now["videoDeliveryState"]["state"], now["previewFrameTimeCode"]) == (state, "00:00:05:00")
        assert (now["videoUrl"] or "").endswith("playlist.m3u8") == (state == "COMPLETE")
        for _ in range(2):
            client.post("appPreviews", given, appPreviewSet=group)
        assert client.post("appPreviews", given, appPreviewSet=group).status == 409


def test_a_file_for_reviewers_comes_and_goes() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        made = client.post("appStoreReviewDetails", CONTACT, appStoreVersion=("appStoreVersions", "next"))
        detail = made.document["data"]["id"]
        given = {"fileName": "notes.pdf", "fileSize": 3}
        reserved = client.post(
            "appStoreReviewAttachments", given, appStoreReviewDetail=("appStoreReviewDetails", detail)
        )
        attachment = upload(client, reserved, b"pdf")["id"]
        assert (
            asset(client, "appStoreReviewAttachments", attachment)["assetDeliveryState"]["state"]
            == "COMPLETE"
        )
        assert client.delete("appStoreReviewAttachments", attachment).status == 204
        assert client.get(f"/v1/appStoreReviewDetails/{detail}/appStoreReviewAttachments").ids() == []


def test_a_deleted_screenshot_is_listed_and_counted_for_a_while() -> None:
    with running(store=Store(lag=60)) as sandbox:
        client = Client(sandbox)
        group = make_set(client).document["data"]["id"]
        shots = [reserve(client, group, SHOT).document["data"]["id"] for _ in range(10)]
        assert client.delete("appScreenshots", shots[0]).status == 204
        assert (sets_of(client, "next"), reserve(client, group, SHOT).status) == ([shots], 409)
        sandbox.skip(60)
        assert shots[0] not in sets_of(client, "next")[0]
        assert reserve(client, group, SHOT).status == 201
