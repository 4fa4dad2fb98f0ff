"""An app in the App Store, for the tests of its store page."""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import cache
from typing import Any

from asc_sandbox.plans import Store
from sandbox.client import Client, Response
from support.sandbox import app, build, seed, start_sandbox, store_version
from support.store import ready_version

AT_ONCE = Store(review=0, media=0, release=0, cancel=0)


def world(*versions: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """The app "1" with the build "new" of version 2.0; without versions it has 1.0 live and 2.0 under way."""
    usual = (
        store_version("1.0", id="live", build="old", createdDate="30 days ago"),
        store_version("2.0", id="next", appVersionState="PREPARE_FOR_SUBMISSION", createdDate="1 day ago"),
    )
    builds = [
        build("1.0", "1", id="old", usesNonExemptEncryption=False),
        build("2.0", "2", id="new", usesNonExemptEncryption=False),
    ]
    return seed(
        apps=[app("com.example.app", id="1", builds=builds, versions=list(versions or usual), **attributes)]
    )


def running(seed: dict[str, Any] | None = None, **options: Any) -> Any:
    return start_sandbox(seed or world(), **{"store": AT_ONCE, **options})


def versions(client: Client) -> dict[str, str]:
    """The states of the versions of the app by their numbers."""
    data = client.get("/v1/apps/1/appStoreVersions", limit="200").document["data"]
    return {each["attributes"]["versionString"]: each["attributes"]["appVersionState"] for each in data}


def text_of(client: Client, version: str, locale: str = "en-US") -> dict[str, Any]:
    """The texts of a version in a language, with their id."""
    answer = client.get(f"/v1/appStoreVersions/{version}/appStoreVersionLocalizations", filter__locale=locale)
    (found,) = answer.document["data"]
    return {"id": found["id"], **found["attributes"]}


def make_version(client: Client, number: str, platform: str = "IOS") -> Response:
    return client.post("appStoreVersions", {"platform": platform, "versionString": number}, app=("apps", "1"))


def infos(client: Client) -> dict[str, str]:
    """The ids of the app infos by their states."""
    data = client.get("/v1/apps/1/appInfos").document["data"]
    return {each["attributes"]["state"]: each["id"] for each in data}


def details(answer: Response) -> list[tuple[str, str]]:
    """The codes and details of all errors of an answer."""
    return [(each["code"], each["detail"]) for each in answer.document["errors"]]


@cache
def png(width: int = 1290, height: int = 2796, *, alpha: bool = False, shade: int = 0) -> bytes:
    """A picture of one colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    row = b"\0" + bytes([shade]) * width * (4 if alpha else 3)
    header = struct.pack(">IIBBBBB", width, height, 8, 6 if alpha else 2, 0, 0, 0)
    pixels = zlib.compress(row * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 1290, height: int = 2796, channels: int = 3) -> bytes:
    """What the header of a JPEG needs, with no pixels worth the name."""
    frame = struct.pack(">BHHB", 8, height, width, channels) + bytes(3 * channels)
    pieces = [(0xE1, b"Exif\0\0"), (0xC0, frame), (0xDA, bytes(6))]
    body = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in pieces
    )
    return b"\xff\xd8" + body + b"pixels\xff\xd9"


def make_set(client: Client, kind: str = "APP_IPHONE_67", version: str = "next") -> Response:
    text = ("appStoreVersionLocalizations", text_of(client, version)["id"])
    return client.post("appScreenshotSets", {"screenshotDisplayType": kind}, appStoreVersionLocalization=text)


def reserve(client: Client, group: str, content: bytes, name: str = "1.png") -> Response:
    given = {"fileName": name, "fileSize": len(content)}
    return client.post("appScreenshots", given, appScreenshotSet=("appScreenshotSets", group))


def upload(client: Client, reserved: Response, content: bytes, **attributes: Any) -> dict[str, Any]:
    """Send a reserved file and commit it; return its id and its attributes as they are then."""
    data = reserved.document["data"]
    for operation in data["attributes"]["uploadOperations"]:
        assert client.put(operation, content).status == 200
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    given = {"uploaded": True, "sourceFileChecksum": checksum, **attributes}
    committed = client.patch(data["type"], data["id"], **given)
    assert committed.status == 200, committed.body
    return {"id": data["id"], **committed.document["data"]["attributes"]}


def asset(client: Client, type_name: str, asset_id: str) -> dict[str, Any]:
    """The attributes of a file as they are now."""
    return dict(client.get(f"/v1/{type_name}/{asset_id}").document["data"]["attributes"])


def submittable(**attributes: Any) -> dict[str, Any]:
    """The app with a live version and one that lacks nothing for its review, called "next"."""
    live = store_version("1.0", id="live", build="old", createdDate="30 days ago")
    return world(live, ready_version(build="new", id="next", **attributes))


def draft(client: Client, platform: str = "IOS") -> Response:
    return client.post("reviewSubmissions", {"platform": platform}, app=("apps", "1"))


def add(client: Client, submission: str, version: str = "next") -> Response:
    return client.post(
        "reviewSubmissionItems",
        reviewSubmission=("reviewSubmissions", submission),
        appStoreVersion=("appStoreVersions", version),
    )


def submit(client: Client, version: str = "next") -> str:
    """Submit a version; return the id of its submission."""
    submission = str(draft(client).document["data"]["id"])
    assert add(client, submission, version).status == 201
    assert client.patch("reviewSubmissions", submission, submitted=True).status == 200
    return submission


def state_of(client: Client, submission: str) -> str:
    return str(client.get(f"/v1/reviewSubmissions/{submission}").document["data"]["attributes"]["state"])
