"""Bundle ids with their capabilities, and devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asc_sandbox.authority.kinds import Limits
from asc_sandbox.resources.values import CAPABILITY_TYPES
from asc_sandbox.server import Sandbox
from sandbox.client import Client, Response
from support.contract import document
from support.sandbox import app, seed, start_sandbox

OLD, NEW, MAC = "a" * 40, "00008110-000A1B2C3D4E5F60", "01234567-89AB-CDEF-0123-456789ABCDEF"
WORLD = seed(
    apps=[app("com.example.app", id="1")],
    bundleIds=[
        {"id": "APP", "name": "App", "identifier": "com.example.app", "app": "1"},
        {"id": "STAR", "name": "All", "identifier": "com.example.*", "platform": "IOS"},
        {"id": "FREE", "name": "Free", "identifier": "com.example.free"},
    ],
    bundleIdCapabilities=[{"id": "PUSH", "capabilityType": "PUSH_NOTIFICATIONS", "bundleId": "FREE"}],
    profiles=[{"id": "PROFILE", "name": "P", "bundleId": "FREE", "profileType": "IOS_APP_STORE"}],
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(WORLD) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


def register(client: Client, identifier: str, platform: str = "UNIVERSAL", name: str = "A name") -> Response:
    return client.post("bundleIds", {"identifier": identifier, "name": name, "platform": platform})


def enable(client: Client, capability: str, bundle_id: str = "FREE", **attributes: Any) -> Response:
    said = {"capabilityType": capability, **attributes}
    return client.post("bundleIdCapabilities", said, bundleId=("bundleIds", bundle_id))


def state(client: Client) -> str:
    return str(client.get("/v1/profiles/PROFILE").document["data"]["attributes"]["profileState"])


def test_a_bundle_id_is_registered(client: Client) -> None:
    answer = register(client, "com.example.app.widget", name="Widget")
    assert answer.status == 201
    made = answer.document["data"]
    assert made["attributes"] == {
        "name": "Widget",
        "platform": "UNIVERSAL",
        "identifier": "com.example.app.widget",
        "seedId": "A1B2C3D4E5",
    }
    assert len(made["id"]) == 10
    found = client.get("/v1/bundleIds", filter__identifier="com.example.app")
    assert found.attribute("identifier") == ["com.example.app", "com.example.app.widget"]  # loosely
    capabilities = client.get(f"/v1/bundleIds/{made['id']}/bundleIdCapabilities")
    assert capabilities.attribute("capabilityType") == ["IN_APP_PURCHASE"]


def test_a_wildcard_comes_without_capabilities(client: Client) -> None:
    made = register(client, "org.example.*").document["data"]["id"]
    assert client.get(f"/v1/bundleIds/{made}/bundleIdCapabilities").ids() == []


@pytest.mark.parametrize(
    ("identifier", "platform", "status"),
    [
        ("com.example.app", "UNIVERSAL", 409),
        ("com.example.app", "IOS", 409),
        ("COM.example.App", "MAC_OS", 409),
        ("com.example.*", "IOS", 409),
        ("com.example.*", "UNIVERSAL", 409),
        ("com.example.*", "MAC_OS", 201),
        ("com.example.more", "IOS", 201),
        ("*", "IOS", 201),
    ],
)
def test_an_identifier_is_taken_once_for_each_platform(
    client: Client, identifier: str, platform: str, status: int
) -> None:
    answer = register(client, identifier, platform)
    assert answer.status == status
    if status == 409:
        assert answer.error["code"] == "ENTITY_ERROR.ATTRIBUTE.INVALID"
        assert answer.error["source"] == {"pointer": "/data/attributes/identifier"}
        assert f"'{identifier}' is not available" in answer.error["detail"]


@pytest.mark.parametrize("identifier", ["", "com.*.app", "com.example*", "com..example", "com.exämple", ".a"])
def test_identifiers_that_are_none(client: Client, identifier: str) -> None:
    assert register(client, identifier).error["source"] == {"pointer": "/data/attributes/identifier"}


def test_names(client: Client) -> None:
    assert client.patch("bundleIds", "FREE", name="New").document["data"]["attributes"]["name"] == "New"
    for name in ("", "Ben's", "a@b"):
        assert client.patch("bundleIds", "FREE", name=name).status == 409
        assert register(client, "com.example.new", name=name).status == 409


def test_a_bundle_id_is_deleted_with_its_capabilities_and_its_profiles_are_invalid(client: Client) -> None:
    assert client.delete("bundleIds", "FREE").status == 204
    assert client.get("/v1/bundleIds/FREE").status == 404
    assert client.delete("bundleIdCapabilities", "PUSH").status == 404
    assert state(client) == "INVALID"
    assert register(client, "com.example.free").status == 201


def test_the_bundle_id_of_an_app_is_kept(client: Client) -> None:
    answer = client.delete("bundleIds", "APP")
    assert (answer.status, answer.error["code"]) == (403, "FORBIDDEN_ERROR.IN_USE")
    assert client.get("/v1/bundleIds/APP/app").document["data"]["id"] == "1"
    assert client.get("/v1/bundleIds/APP/relationships/app").document["data"]["id"] == "1"


def test_a_capability_is_enabled_once(client: Client) -> None:
    settings = [{"key": "ICLOUD_VERSION", "options": [{"key": "XCODE_6", "enabled": True}]}]
    answer = enable(client, "ICLOUD", settings=settings)
    assert answer.status == 201
    assert answer.document["data"]["id"] == "FREE_ICLOUD"
    assert answer.document["data"]["attributes"] == {"capabilityType": "ICLOUD", "settings": settings}
    assert enable(client, "ICLOUD").status == 409
    assert state(client) == "INVALID"
    included = client.get("/v1/bundleIds/FREE", include="bundleIdCapabilities,profiles").document["included"]
    assert {each["id"] for each in included} == {"PUSH", "FREE_ICLOUD", "PROFILE"}
    assert client.get("/v1/bundleIds/FREE/relationships/bundleIdCapabilities").ids() == [
        "PUSH",
        "FREE_ICLOUD",
    ]
    assert client.get("/v1/bundleIds/FREE/relationships/profiles").ids() == ["PROFILE"]


def test_a_capability_is_changed(client: Client) -> None:
    answer = client.patch("bundleIdCapabilities", "PUSH", settings=[])
    assert answer.document["data"]["attributes"]["settings"] == []
    assert state(client) == "INVALID"


def test_settings_with_read_only_fields_are_refused(client: Client) -> None:
    setting = {"key": "ICLOUD_VERSION", "name": "iCloud", "options": [{"key": "XCODE_6"}]}
    answer = enable(client, "ICLOUD", settings=[setting])
    assert answer.status == 409
    assert "Unrecognized field" in answer.document["errors"][0]["detail"]


@pytest.mark.parametrize("capability", ["MAPS", "DATA_PROTECTION"])
def test_settings_of_another_capability_are_refused(client: Client, capability: str) -> None:
    settings = [{"key": "ICLOUD_VERSION", "options": [{"key": "XCODE_6"}]}]
    assert enable(client, capability, settings=settings).status == 409


def test_the_relationship_that_old_tools_sent_is_refused_in_apples_words() -> None:
    relationships = {
        "bundleId": {"data": {"type": "bundleIds", "id": "FREE"}},
        "capability": {"data": {"type": "capabilities", "id": "MAPS"}},
    }
    data = {
        "type": "bundleIdCapabilities",
        "attributes": {"capabilityType": "MAPS"},
        "relationships": relationships,
    }
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        answer = Client(sandbox).request("POST", "/v1/bundleIdCapabilities", {"data": data})
    assert answer.status == 409
    assert "'capability' is not a relationship on the resource" in answer.document["errors"][0]["detail"]


def test_an_identifier_of_another_team_is_not_available_and_not_listed() -> None:
    record = {
        "id": "OURS",
        "name": "Ours",
        "identifier": "com.example.ours",
        "takenIdentifiers": ["com.example.app"],
    }
    with start_sandbox(seed(bundleIds=[record])) as sandbox:
        client = Client(sandbox)
        answer = register(client, "com.example.app")
        listed = client.get("/v1/bundleIds").document["data"]
    assert (answer.status, [one["id"] for one in listed]) == (409, ["OURS"])
    assert "is not available" in answer.document["errors"][0]["detail"]


def test_no_key_creates_an_app() -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        answer = Client(sandbox).post("apps", {"name": "App"})
    assert answer.status == 403
    allowed = "GET_COLLECTION, GET_INSTANCE, UPDATE"
    expected = f"The resource 'apps' does not allow 'CREATE'. Allowed operations are: {allowed}"
    assert answer.document["errors"][0]["detail"] == expected


def test_a_capability_is_disabled(client: Client) -> None:
    assert client.delete("bundleIdCapabilities", "PUSH").status == 204
    assert client.get("/v1/bundleIds/FREE/bundleIdCapabilities").ids() == []
    assert state(client) == "INVALID"


def test_some_capabilities_are_not_for_wildcards(client: Client) -> None:
    assert [enable(client, each, "STAR").status for each in ("PUSH_NOTIFICATIONS", "APP_GROUPS")] == [
        409,
        201,
    ]


def test_all_capabilities_of_apples_are_known() -> None:
    assert list(CAPABILITY_TYPES) == document()["components"]["schemas"]["CapabilityType"]["enum"]


# Devices


def add_device(client: Client, udid: str, platform: str = "IOS", name: str = "A phone") -> Response:
    return client.post("devices", {"name": name, "udid": udid, "platform": platform})


@pytest.mark.parametrize(
    ("udid", "platform", "name", "device_class"),
    [
        (OLD, "IOS", "A phone", "IPHONE"),
        (NEW, "IOS", "Ada's iPad", "IPAD"),
        (NEW, "IOS", "Living room Apple TV", "APPLE_TV"),
        (NEW, "IOS", "Vision Pro", "APPLE_VISION_PRO"),
        (NEW, "MAC_OS", "A Mac", "APPLE_SILICON_MAC"),
        (MAC, "MAC_OS", "An iPad that is a Mac", "INTEL_MAC"),
    ],
)
def test_a_device_is_registered(
    client: Client, udid: str, platform: str, name: str, device_class: str
) -> None:
    answer = add_device(client, udid, platform, name)
    assert answer.status == 201
    said = answer.document["data"]["attributes"]
    assert (said["udid"], said["deviceClass"], said["status"]) == (udid, device_class, "ENABLED")
    assert said["addedDate"].endswith("+0000")
    assert client.get("/v1/devices", filter__udid=udid).ids() == [answer.document["data"]["id"]]


@pytest.mark.parametrize(
    ("udid", "platform", "place"),
    [
        ("", "IOS", "udid"),
        ("a" * 39, "IOS", "udid"),
        ("g" * 40, "IOS", "udid"),
        (MAC, "IOS", "udid"),
        (OLD, "MAC_OS", "udid"),
        (NEW + "0", "IOS", "udid"),
        (NEW, "UNIVERSAL", "platform"),
    ],
)
def test_udids_that_are_none(client: Client, udid: str, platform: str, place: str) -> None:
    answer = add_device(client, udid, platform)
    assert (answer.status, answer.error["code"]) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
    assert answer.error["source"] == {"pointer": f"/data/attributes/{place}"}


def test_a_device_is_registered_once(client: Client) -> None:
    assert add_device(client, NEW).status == 201
    again = add_device(client, NEW.lower())
    assert (again.status, again.error["code"]) == (409, "ENTITY_ERROR")
    assert "already exists on this team" in again.error["detail"]


def test_a_device_is_renamed_disabled_and_enabled(client: Client) -> None:
    device = add_device(client, NEW).document["data"]["id"]
    said = client.patch("devices", device, name="Sold", status="DISABLED").document["data"]["attributes"]
    assert (said["name"], said["status"]) == ("Sold", "DISABLED")
    assert client.get("/v1/devices", filter__status="DISABLED").ids() == [device]
    assert client.get("/v1/devices", filter__name="Sold", filter__platform="IOS").ids() == [device]
    assert client.get("/v1/devices", filter__status="ENABLED").ids() == []
    said = client.patch("devices", device, status="ENABLED").document["data"]["attributes"]
    assert (said["name"], said["status"]) == ("Sold", "ENABLED")


def test_so_many_devices_of_a_class() -> None:
    with start_sandbox(seed(), limits=Limits(devices=1)) as sandbox:
        client = Client(sandbox)
        answers = [
            add_device(client, NEW),
            add_device(client, OLD),
            add_device(client, OLD, name="iPad"),
        ]
        assert [each.status for each in answers] == [201, 403, 201]
        assert "maximum number of registered iPhone devices" in answers[1].error["detail"]
