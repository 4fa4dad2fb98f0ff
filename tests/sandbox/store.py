"""An app in the App Store, for the tests of its store page."""

from __future__ import annotations

from typing import Any

from asc_sandbox.plans import Store
from sandbox.client import Client, Response
from support.sandbox import app, build, seed, start_sandbox, store_version

AT_ONCE = Store(review=0, media=0, release=0, cancel=0)
CONTACT = {
    "contactFirstName": "Ada",
    "contactLastName": "Example",
    "contactPhone": "+15555550100",
    "contactEmail": "ada@example.com",
}


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
