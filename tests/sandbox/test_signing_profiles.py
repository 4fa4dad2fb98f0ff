"""Profiles: made of a bundle id, certificates and devices, and signed."""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from asc_sandbox.authority.issuing import Authority
from asc_sandbox.authority.profile_kinds import PROFILE_KINDS
from asc_sandbox.resources.values import PROFILE_TYPES
from asc_sandbox.server import Sandbox
from sandbox.client import Client, token
from sandbox.signing import certificate_of, content_of, make_profile, order, profile_of, rsa_key
from support.sandbox import key, seed, start_sandbox

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
PHONE, PAD, OFF, TV, MAC = (f"00008110-00000000000000{number:02d}" for number in range(5))
WORLD = seed(
    keys=[key("HOLDER0001", role="ACCOUNT_HOLDER"), key("INHOUSE001", in_house=True)],
    bundleIds=[
        {
            "id": "EXAMPLE",
            "name": "Example",
            "identifier": "com.example.app",
            "bundleIdCapabilities": [
                {"capabilityType": "PUSH_NOTIFICATIONS"},
                {"capabilityType": "APP_GROUPS"},
            ],
        },
        {"id": "STAR", "name": "All", "identifier": "com.example.*"},
        {"id": "ONLYMAC", "name": "Mac", "identifier": "com.example.mac", "platform": "MAC_OS"},
    ],
    certificates=[
        {"id": "DEV", "certificateType": "DEVELOPMENT"},
        {"id": "DIST", "certificateType": "DISTRIBUTION"},
        {"id": "SOON", "certificateType": "DISTRIBUTION", "expirationDate": SOON},
        {"id": "PAST", "certificateType": "DISTRIBUTION", "expirationDate": "1 hour ago"},
        {"id": "IOSDIST", "certificateType": "IOS_DISTRIBUTION"},
        {"id": "MACDIST", "certificateType": "MAC_APP_DISTRIBUTION"},
        {"id": "DEVID", "certificateType": "DEVELOPER_ID_APPLICATION_G2", "expirationDate": "in 1700 days"},
    ],
    devices=[
        {"id": "PHONE", "name": "A phone", "udid": PHONE},
        {"id": "PAD", "name": "A pad", "udid": PAD, "deviceClass": "IPAD"},
        {"id": "OFF", "name": "Sold", "udid": OFF, "status": "DISABLED"},
        {"id": "TV", "name": "A TV", "udid": TV, "deviceClass": "APPLE_TV"},
        {"id": "MAC", "name": "A Mac", "udid": MAC, "deviceClass": "MAC", "platform": "MAC_OS"},
    ],
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(WORLD) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


@pytest.fixture(scope="module")
def refusing() -> Iterator[Client]:
    """For tests that change nothing."""
    with start_sandbox(WORLD) as running:
        yield Client(running)


def test_a_profile_is_made_and_signed(client: Client) -> None:
    answer = make_profile(client, name="match AppStore com.example.app")
    assert answer.status == 201
    made = answer.document["data"]
    profile = profile_of(made)
    said = made["attributes"]
    assert (said["name"], said["profileType"], said["profileState"], said["platform"]) == (
        "match AppStore com.example.app",
        "IOS_APP_STORE",
        "ACTIVE",
        "IOS",
    )
    assert (profile.name, profile.uuid) == (said["name"], said["uuid"])
    assert (profile.team_id, profile.team_name) == ("A1B2C3D4E5", "Example Team")
    assert profile.application_identifier == "A1B2C3D4E5.com.example.app"
    assert profile.expires == datetime.fromisoformat(said["expirationDate"])
    assert profile.created == datetime.fromisoformat(said["createdDate"])
    certificate = certificate_of(client.get("/v1/certificates/DIST").document["data"])
    assert profile.certificates == (certificate.public_bytes(Encoding.DER),)
    assert client.get(f"/v1/profiles/{made['id']}").document["data"]["attributes"] == said


def test_openssl_verifies_it_up_to_the_root(sandbox: Sandbox, tmp_path: Path) -> None:
    made = make_profile(Client(sandbox)).document["data"]
    (tmp_path / "profile").write_bytes(content_of(made))
    (tmp_path / "chain.pem").write_bytes(sandbox.authority.chain())
    command = "openssl cms -verify -inform DER -in profile -CAfile chain.pem -purpose any -out content"
    run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    content = plistlib.loads((tmp_path / "content").read_bytes())
    assert list(content) == [
        "AppIDName",
        "ApplicationIdentifierPrefix",
        "CreationDate",
        "Platform",
        "IsXcodeManaged",
        "DeveloperCertificates",
        "Entitlements",
        "ExpirationDate",
        "Name",
        "TeamIdentifier",
        "TeamName",
        "TimeToLive",
        "UUID",
        "Version",
    ]
    assert (content["AppIDName"], content["ApplicationIdentifierPrefix"]) == ("Example", ["A1B2C3D4E5"])
    assert (content["Version"], content["IsXcodeManaged"]) == (1, False)
    assert content["TimeToLive"] in (364, 365)


@pytest.mark.parametrize(
    ("profile_type", "certificate", "devices", "debug", "everywhere", "platforms"),
    [
        ("IOS_APP_DEVELOPMENT", "DEV", ("PHONE", "PAD"), True, False, ("iOS", "xrOS", "visionOS")),
        ("IOS_APP_DEVELOPMENT", "DEV", ("PHONE", "MAC"), True, False, ("iOS", "xrOS", "visionOS")),
        ("IOS_APP_ADHOC", "IOSDIST", ("PHONE",), False, False, ("iOS", "xrOS", "visionOS")),
        ("IOS_APP_STORE", "DIST", None, False, False, ("iOS", "xrOS", "visionOS")),
        ("TVOS_APP_DEVELOPMENT", "DEV", ("TV",), True, False, ("tvOS",)),
        ("TVOS_APP_STORE", "DIST", None, False, False, ("tvOS",)),
        ("MAC_APP_DEVELOPMENT", "DEV", ("MAC",), True, False, ("OSX",)),
        ("MAC_APP_STORE", "MACDIST", None, False, False, ("OSX",)),
        ("MAC_APP_DIRECT", "DEVID", None, False, True, ("OSX",)),
        ("MAC_CATALYST_APP_STORE", "DIST", None, False, False, ("OSX",)),
    ],
)
def test_types_differ_in_devices_and_rights(
    client: Client,
    profile_type: str,
    certificate: str,
    devices: tuple[str, ...] | None,
    debug: bool,
    everywhere: bool,
    platforms: tuple[str, ...],
) -> None:
    answer = make_profile(client, profile_type, certificates=(certificate,), devices=devices)
    assert answer.status == 201
    profile = profile_of(answer.document["data"])
    udids = {"PHONE": PHONE, "PAD": PAD, "TV": TV, "MAC": MAC}
    assert profile.devices == tuple(udids[each] for each in devices or ())
    assert (profile.get_task_allow, profile.provisions_all_devices) == (debug, everywhere)
    assert profile.platforms == platforms
    mac = platforms == ("OSX",)
    push = profile.entitlements["com.apple.developer.aps-environment" if mac else "aps-environment"]
    assert push == ("development" if debug else "production")
    assert profile.entitlements["com.apple.security.application-groups"] == []
    assert profile.entitlements["com.apple.developer.team-identifier"] == "A1B2C3D4E5"
    assert ("beta-reports-active" in profile.entitlements) == profile_type.endswith("STORE")


def test_all_types_of_apples_are_known() -> None:
    assert tuple(PROFILE_KINDS) == PROFILE_TYPES


def test_in_house_profiles_are_for_teams_of_the_enterprise_program(sandbox: Sandbox) -> None:
    refused = make_profile(Client(sandbox), "IOS_APP_INHOUSE")
    assert (refused.status, refused.error["code"]) == (409, "ENTITY_ERROR")
    client = Client(sandbox, "INHOUSE001")
    client.token = in_house_token(sandbox)
    assert profile_of(make_profile(client, "IOS_APP_INHOUSE").document["data"]).provisions_all_devices
    assert make_profile(client, "IOS_APP_STORE", name="Other").status == 409


def in_house_token(sandbox: Sandbox) -> str:
    return token(sandbox.api_key("INHOUSE001"), aud="apple-developer-enterprise-v1")


def test_a_wildcard(client: Client) -> None:
    profile = profile_of(make_profile(client, bundle_id="STAR").document["data"])
    assert profile.application_identifier == "A1B2C3D4E5.com.example.*"


def test_a_profile_lasts_as_long_as_its_certificates_and_a_year_at_most(client: Client) -> None:
    def lasts(name: str, profile_type: str, *certificates: str) -> datetime | None:
        made = make_profile(client, profile_type, name=name, certificates=certificates)
        return profile_of(made.document["data"]).expires

    assert lasts("soon", "IOS_APP_STORE", "DIST", "SOON") == SOON
    for_years = lasts("direct", "MAC_APP_DIRECT", "DEVID")
    assert for_years is not None
    assert for_years > datetime.now(UTC) + timedelta(days=1600)


NO_CERTIFICATES = "There are no current certificates on this team matching the provided certificate IDs."
NO_DEVICES = "There are no current ios devices on this team matching the provided device IDs."
INVALID = "ENTITY_ERROR.RELATIONSHIP.INVALID"


@pytest.mark.parametrize(
    ("profile_type", "given", "code", "detail"),
    [
        ("IOS_APP_STORE", {"certificates": ("DEV",)}, "ENTITY_ERROR", NO_CERTIFICATES),
        ("IOS_APP_STORE", {"certificates": ("MACDIST",)}, "ENTITY_ERROR", NO_CERTIFICATES),
        ("MAC_APP_STORE", {"certificates": ("DEVID",)}, "ENTITY_ERROR", NO_CERTIFICATES),
        ("MAC_APP_DIRECT", {"certificates": ("DIST",)}, "ENTITY_ERROR", NO_CERTIFICATES),
        ("IOS_APP_STORE", {"certificates": ("DIST", "PAST")}, "ENTITY_ERROR", NO_CERTIFICATES),
        ("IOS_APP_STORE", {"certificates": ()}, INVALID, "You must provide at least one certificate"),
        ("IOS_APP_STORE", {"certificates": ("NONE",)}, INVALID, "no resource of type 'certificates'"),
        ("IOS_APP_STORE", {"bundle_id": "NONE"}, INVALID, "no resource of type 'bundleIds'"),
        ("IOS_APP_STORE", {"bundle_id": "ONLYMAC"}, "ENTITY_ERROR", "for another platform"),
        ("IOS_APP_STORE", {"devices": ("PHONE",)}, INVALID, "takes no devices"),
        ("IOS_APP_ADHOC", {}, "ENTITY_ERROR", NO_DEVICES),
        ("IOS_APP_ADHOC", {"devices": ()}, "ENTITY_ERROR", NO_DEVICES),
        ("IOS_APP_ADHOC", {"devices": ("PHONE", "OFF")}, "ENTITY_ERROR", NO_DEVICES),
        ("IOS_APP_ADHOC", {"devices": ("TV",)}, "ENTITY_ERROR", NO_DEVICES),
        ("IOS_APP_ADHOC", {"devices": ("NONE",)}, INVALID, "no resource of type 'devices'"),
        ("IOS_APP_INHOUSE", {}, "ENTITY_ERROR", "not available for your team's membership"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    refusing: Client, profile_type: str, given: Any, code: str, detail: str
) -> None:
    answer = make_profile(refusing, profile_type, **given)
    assert (answer.status, answer.error["code"]) == (409, code)
    assert detail in answer.error["detail"]
    assert refusing.get("/v1/profiles").ids() == []


def test_a_name_is_used_once(client: Client) -> None:
    first = make_profile(client, name="Mine").document["data"]["id"]
    again = make_profile(client, name="Mine", profile_type="MAC_APP_STORE")
    assert (again.status, again.error["code"]) == (409, "ENTITY_ERROR")
    assert again.error["detail"].startswith("Multiple profiles found with the name 'Mine'.")
    assert client.delete("profiles", first).status == 204
    assert make_profile(client, name="Mine").status == 201
    assert client.get(f"/v1/profiles/{first}").status == 404


def test_other_capabilities_make_profiles_invalid_whose_contents_stay(client: Client) -> None:
    made = make_profile(client).document["data"]
    attributes = {"capabilityType": "HEALTHKIT"}
    assert client.post("bundleIdCapabilities", attributes, bundleId=("bundleIds", "EXAMPLE")).status == 201
    now = client.get(f"/v1/profiles/{made['id']}").document["data"]
    assert now["attributes"] == {**made["attributes"], "profileState": "INVALID"}
    assert "com.apple.developer.healthkit" not in profile_of(now).entitlements
    again = profile_of(make_profile(client, name="New").document["data"])
    assert again.entitlements["com.apple.developer.healthkit"] is True


def test_what_a_profile_is_made_of(client: Client) -> None:
    devices = ("PHONE", "PAD")
    made = make_profile(client, "IOS_APP_ADHOC", certificates=("DIST", "SOON"), devices=devices)
    path = f"/v1/profiles/{made.document['data']['id']}"
    assert client.get(f"{path}/devices").ids() == ["PHONE", "PAD"]
    assert client.get(f"{path}/certificates").ids() == ["DIST", "SOON"]
    assert client.get(f"{path}/bundleId").document["data"]["id"] == "EXAMPLE"
    assert client.get(f"{path}/relationships/devices").ids() == ["PHONE", "PAD"]
    assert client.get(f"{path}/relationships/certificates").ids() == ["DIST", "SOON"]
    assert client.get(f"{path}/relationships/bundleId").document["data"] == {
        "type": "bundleIds",
        "id": "EXAMPLE",
    }
    assert client.get("/v1/bundleIds/EXAMPLE/profiles").ids() == [made.document["data"]["id"]]
    included = client.get(path, include="bundleId,devices,certificates").document["included"]
    assert {each["id"] for each in included} == {"EXAMPLE", "PHONE", "PAD", "DIST", "SOON"}


def test_profiles_of_a_seed_are_real_and_stay_the_same() -> None:
    with start_sandbox() as sandbox:
        client = Client(sandbox)
        first, second = (client.get("/v1/profiles/PROFILE001").document["data"] for _ in range(2))
        assert first == second
        profile = profile_of(first)
        assert (profile.name, profile.uuid) == ("Example App Store", "6a9a6bd0-2ad1-4b3c-8c3e-3f5f0b8f2e71")
        assert profile.application_identifier == "A1B2C3D4E5.com.example.app"
        assert profile.expires == datetime.fromisoformat(first["attributes"]["expirationDate"])
        certificate = certificate_of(client.get("/v1/certificates/CERTIFIC01").document["data"])
        assert profile.certificates == (certificate.public_bytes(Encoding.DER),)


def test_an_expired_profile_of_a_seed_is_invalid() -> None:
    profiles = [{"id": "OLD", "expirationDate": "1 day ago"}, {"id": "NEW"}]
    with start_sandbox(seed(profiles=profiles)) as sandbox:
        client = Client(sandbox)
        assert client.get("/v1/profiles", filter__profileState="INVALID").ids() == ["OLD"]
        old, new = client.get("/v1/profiles").document["data"]
        expires = profile_of(old).expires
        assert expires is not None
        assert expires < datetime.now(UTC)
        assert old["attributes"]["uuid"] != new["attributes"]["uuid"]


def test_certificates_that_tests_issue_stand_in_profiles() -> None:
    issued = Authority().issue(rsa_key().public_key(), "DEVELOPMENT")
    world = seed(
        bundleIds=[{"id": "EXAMPLE", "identifier": "com.example.app"}],
        certificates=[{"id": "MINE", **issued.as_record()}],
        profiles=[
            {"id": "P", "bundleId": "EXAMPLE", "certificates": ["MINE"], "profileType": "IOS_APP_STORE"}
        ],
    )
    with start_sandbox(world) as sandbox:
        record = Client(sandbox).get("/v1/profiles/P").document["data"]
        assert profile_of(record).certificates == (issued.der,)


MANY = seed(
    bundleIds=[{"id": "B", "name": "B", "identifier": "com.example.b"}],
    certificates=[{"id": "C", "certificateType": "DISTRIBUTION"}],
    devices=[{"id": f"D{each}", "udid": f"{each:040x}"} for each in range(300)],
    profiles=[
        {
            "name": f"P{each}",
            "profileType": "IOS_APP_ADHOC",
            "bundleId": "B",
            "certificates": ["C"],
            "devices": [f"D{number}" for number in range(300)],
        }
        for each in range(450)
    ],
)


def test_a_large_team() -> None:
    with start_sandbox(MANY) as sandbox:
        client = Client(sandbox, timeout=20)
        assert client.get("/v1/devices", limit="1").status == 200
        page = client.get("/v1/profiles", limit="1", include="devices", limit__devices="50").document
        (profile,) = page["data"]
        assert len(profile["relationships"]["devices"]["data"]) == 50
        assert profile["relationships"]["devices"]["meta"]["paging"] == {"total": 300, "limit": 50}
        assert page["meta"]["paging"]["total"] == 450
        devices = client.get(f"/v1/profiles/{profile['id']}/devices", limit="200")
        assert (len(devices.ids()), devices.document["meta"]["paging"]["total"]) == (200, 300)
        assert len(profile_of(profile).devices) == 300


def test_the_way_of_a_client(client: Client) -> None:
    certificate = order(client).document["data"]["id"]
    made = make_profile(client, certificates=(certificate,))
    assert made.status == 201
    listed = client.get(
        "/v1/profiles",
        filter__name="A profile",
        fields__profiles="name,uuid,profileState,certificates",
        include="certificates",
    )
    (profile,) = listed.document["data"]
    assert "profileContent" not in profile["attributes"]
    assert profile["relationships"]["certificates"]["data"] == [{"type": "certificates", "id": certificate}]
