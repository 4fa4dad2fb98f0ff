"""Seeds: what they may say, and what is said about wrong ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asc_sandbox.keys import KeyFileError
from asc_sandbox.resources import SCHEMA
from asc_sandbox.seed import SeedError, load
from asc_sandbox.world import Record, World
from sandbox.client import Client, token
from support.sandbox import app, build, key, seed, start_sandbox


def only(world: World, type_name: str) -> Record:
    (record,) = world.all(type_name)
    return record


def test_the_demo_is_a_valid_seed() -> None:
    start = load(None, SCHEMA)
    assert [each.role for each in start.keys.values()] == ["ADMIN", "DEVELOPER", "SALES"]
    assert [each.attributes["bundleId"] for each in start.world.all("apps")] == [
        "com.example.app",
        "com.example.other",
    ]
    states = {upload.attributes["state"]["state"] for upload in start.world.all("buildUploads")}
    assert states == {"COMPLETE", "FAILED", "PROCESSING"}


def test_each_build_of_the_demo_came_out_of_an_upload_of_its_number() -> None:
    world = load(None, SCHEMA).world
    for record in world.all("builds"):
        ((train,), (upload,)) = (world.related(record, name) for name in ("preReleaseVersion", "buildUpload"))
        said = [
            upload.attributes[name] for name in ("cfBundleShortVersionString", "cfBundleVersion", "platform")
        ]
        assert said == [
            train.attributes["version"],
            record.attributes["version"],
            train.attributes["platform"],
        ]


def test_nesting_sets_the_relationships_to_everything_around() -> None:
    world = load(seed(apps=[app("com.example.app", builds=[build("1.0", "7")])]), SCHEMA).world
    record = only(world, "builds")
    assert [each.type for name in ("app", "preReleaseVersion") for each in world.related(record, name)] == [
        "apps",
        "preReleaseVersions",
    ]


def test_references_may_lead_to_what_comes_later() -> None:
    world = load(
        {"users": [{"username": "a", "visibleApps": ["1"]}], "apps": [{"id": "1", "bundleId": "b"}]}, SCHEMA
    ).world
    assert [each.id for each in world.related(only(world, "users"), "visibleApps")] == ["1"]


def test_ids_are_the_same_each_time() -> None:
    def ids() -> list[str]:
        world = load(
            seed(apps=[app("com.example.app", builds=[build("1", "1"), build("1", "2")])]), SCHEMA
        ).world
        return [record.id for name in ("apps", "builds") for record in world.all(name)]

    assert ids() == ids()
    assert ids()[0] == "1000000001"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.000+0000", "2026-01-31T12:00:00.000+0000"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T04:00:00-08:00"),
    ],
)
def test_dates_are_sent_as_given_or_as_apple_writes_them(value: Any, sent: str) -> None:
    world = load({"builds": [{"version": "1", "uploadedDate": value}]}, SCHEMA).world
    assert only(world, "builds").attributes["uploadedDate"] == sent


@pytest.mark.parametrize(("value", "days"), [("3 days ago", -3), ("in 1 day", 1), ("48 hours ago", -2)])
def test_dates_relative_to_now(value: str, days: int) -> None:
    world = load({"certificates": [{"expirationDate": value}]}, SCHEMA).world
    sent = datetime.fromisoformat(only(world, "certificates").attributes["expirationDate"])
    assert abs(sent - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)


def test_a_key_of_which_the_sandbox_knows_only_the_public_half() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with start_sandbox(seed(keys=[key("OTHER00001"), key("MYOWNKEY01", public_key=pem.decode())])) as sandbox:
        client = Client(sandbox)
        client.token = token({**sandbox.api_key(), "key_id": "MYOWNKEY01", "key": private})
        assert client.get("/v1/apps").status == 200
        with pytest.raises(KeyFileError, match="only the public half"):
            sandbox.api_key("MYOWNKEY01")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("apps: [", "is not YAML"),
        ("- apps", "a seed is a mapping of lists"),
        ("aps: []", "a seed has no member aps; its members are keys, processing, apps"),
        ("apps: {}", "apps: expected a list, found {}"),
        ("apps: [1]", "apps[0]: expected a mapping, found 1"),
        ("apps: [{colour: red}]", "apps[0]: apps have no attribute or relationship colour"),
        ("apps: [{name: 1}]", "apps[0]: name: expected text, found 1; put it in quotes"),
        ("apps: [{id: 1000000001}]", "apps[0].id: expected text, found 1000000001; put it in quotes"),
        ("apps: [{id: '1'}, {id: '1'}]", "apps[1]: there is a record of type apps with the id 1 already"),
        ("apps: [{builds: [{}, {version: 1.10}]}]", "apps[0].builds[1]: version: expected text, found 1.1"),
        (
            "apps: [{builds: [{expired: 'no'}]}]",
            "apps[0].builds[0]: expired: expected true or false, found 'no'",
        ),
        (
            "apps: [{builds: [{uploadedDate: soon}]}]",
            "apps[0].builds[0]: uploadedDate: expected a date such as",
        ),
        ("apps: [{builds: [{uploadedDate: in 3 days ago}]}]", "expected a date such as"),
        ("apps: [{builds: build-1}]", "apps[0].builds: expected a list, found 'build-1'"),
        ("apps: [{appStoreVersions: [{build: nope}]}]", "there is no record of type builds with the id nope"),
        ("apps: [{betaGroups: [{builds: nope}]}]", "apps[0].betaGroups[0].builds: expected a list of ids"),
        ("builds: [{app: [nope]}]", "builds[0].app: expected an id, found ['nope']"),
        (
            "builds: [{appStoreVersion: nope}]",
            "builds[0].appStoreVersion: set build of the appStoreVersions instead",
        ),
        (
            "builds: [{icons: [nope]}]",
            "builds[0].icons: the sandbox does not implement records of type buildIcons",
        ),
        ("apps: [{buildUploads: [{state: 7}]}]", "state: expected a mapping, found 7"),
        ("users: [{roles: ADMIN}]", "users[0]: roles: expected a list, found 'ADMIN'"),
        ("betaGroups: [{publicLinkLimit: many}]", "publicLinkLimit: expected a whole number, found 'many'"),
        ("keys: []", "keys: at least one key is needed"),
        ("keys: [{role: ADMIN}]", "keys[0].id: expected text, found None"),
        ("keys: [{id: A, role: KING}]", "keys[0].role: 'KING' is not one of ACCESS_TO_REPORTS, "),
        ("keys: [{id: A, colour: red}]", "keys[0]: a key has no member colour; its members are id, "),
        ("keys: [{id: A}, {id: A}]", "keys[1]: there is a key A already"),
        ("keys: [{id: A, public_key: x}]", "keys[0].public_key: is not the PEM of a P-256 public key"),
    ],
)
def test_a_wrong_seed_names_the_place(content: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "seed.yml"
    file.write_text(content)
    with pytest.raises(SeedError) as caught:
        load(file, SCHEMA)
    assert problem in str(caught.value)
