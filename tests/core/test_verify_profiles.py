"""verify-profiles: given these profiles and .entitlements files, the step says what is missing in them."""

from __future__ import annotations

import json
import plistlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asc.signing.install.placing import FOLDERS
from asc_sandbox.authority.plans import ProfilePlan, signed
from core.running import Done, by_hand, in_job
from core.signing import folder_store, step
from support.sandbox import seed, start_sandbox

APP, WIDGET = "com.example.app", "com.example.app.widget"
GROUPS, MERCHANTS = "com.apple.security.application-groups", "com.apple.developer.in-app-payments"
CONTAINERS, MAPS = "com.apple.developer.icloud-container-identifiers", "com.apple.developer.maps"
GROUP = "group.com.example.app"
NOW = datetime.now(UTC)


def profile(
    path: Path,
    identifier: str = APP,
    *capabilities: str,
    associations: Mapping[str, Any] | None = None,
    days: int = 100,
    platform: str = "IOS",
    name: str = "",
    created: datetime = NOW - timedelta(days=200),
) -> Path:
    """A profile in a file, as Apple would sign it for a bundle id with these capabilities."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plan = ProfilePlan(
        name or path.stem,
        f"uuid-of-{path.stem}",
        "app-store",
        platform,
        identifier,
        "Example",
        (),
        created,
        NOW + timedelta(days=days),
        capabilities=capabilities,
        associations=associations or {},
    )
    path.write_bytes(signed(plan))
    return path


def asked(folder: Path, values: Mapping[str, Any], name: str = "Example.entitlements") -> Path:
    path = folder / name
    path.write_bytes(plistlib.dumps(dict(values)))
    return path


def verify(folder: Path, entitlements: object, profiles: object, **env: str) -> Done:
    inputs = {"entitlements": str(entitlements), "profiles": str(profiles)}
    return in_job(folder, inputs, command="verify-profiles", **env)


def test_profiles_that_hold_all_pass_without_a_key(tmp_path: Path) -> None:
    values = {
        "aps-environment": "development",
        MAPS: True,
        "com.apple.developer.siri": False,
        "get-task-allow": True,
    }
    profile(tmp_path / "A.mobileprovision", APP, "PUSH_NOTIFICATIONS", "MAPS")
    done = verify(tmp_path, asked(tmp_path, values), tmp_path / "*.mobileprovision")
    assert (done.code, done.outputs["ready"], done.outputs["checked"]) == (0, "true", "1"), done.stdout


def test_what_is_missing_is_told_at_the_line_of_the_file_and_in_the_outputs(tmp_path: Path) -> None:
    path = asked(
        tmp_path, {MAPS: True, GROUPS: [GROUP, "group.$(NAME)"], "com.apple.developer.new-thing": True}
    )
    profile(tmp_path / "A.mobileprovision", APP, "APP_GROUPS")
    done = verify(tmp_path, f"{APP}: {path}", tmp_path)
    assert (done.code, done.outputs["ready"]) == (1, "false")
    assert json.loads(done.outputs["missing-by-hand"]) == {APP: {"app group": [GROUP]}}
    assert json.loads(done.outputs["missing-keys"]) == {APP: [MAPS, "com.apple.developer.new-thing"]}
    lines = path.read_text().splitlines()
    told = {entry.properties["line"] for entry in done.log.annotations if "line" in entry.properties}
    assert told == {str(number) for number, line in enumerate(lines, 1) if "<key>" in line}


def test_no_more_annotations_are_made_than_github_shows(tmp_path: Path) -> None:
    profile(tmp_path / "A.mobileprovision")
    many = asked(tmp_path, {f"com.apple.developer.new-{number}": True for number in range(20)})
    done = verify(tmp_path, many, tmp_path)
    assert (done.code, done.log.problems) == (1, [])
    assert "new-19" in done.stdout


@pytest.mark.parametrize(
    ("key", "capability", "noun", "value"),
    [
        (GROUPS, "APP_GROUPS", "app group", GROUP),
        (CONTAINERS, "ICLOUD", "iCloud container", "iCloud.com.example.app"),
        (MERCHANTS, "APPLE_PAY", "merchant id", "merchant.com.example"),
    ],
)
def test_a_value_that_a_person_associates_is_there_or_missing(
    tmp_path: Path, key: str, capability: str, noun: str, value: str
) -> None:
    path = asked(tmp_path, {key: [value]})
    profile(tmp_path / "A.mobileprovision", APP, capability)
    assert json.loads(verify(tmp_path, path, tmp_path).outputs["missing-by-hand"]) == {APP: {noun: [value]}}
    profile(tmp_path / "A.mobileprovision", APP, capability, associations={key: ["another", value]})
    assert verify(tmp_path, path, tmp_path).code == 0


def test_each_file_is_compared_with_the_profiles_of_its_bundle_id(tmp_path: Path) -> None:
    profile(tmp_path / "App.mobileprovision", APP, "MAPS")
    profile(tmp_path / "Widget.mobileprovision", WIDGET)
    profile(tmp_path / "All.mobileprovision", "com.example.*")
    app, widget = asked(tmp_path, {MAPS: True}), asked(tmp_path, {MAPS: True}, "Widget.entitlements")
    done = verify(tmp_path, f"{APP}: {app}\n{WIDGET}: {widget}", tmp_path)
    assert (done.code, json.loads(done.outputs["missing-keys"])) == (1, {WIDGET: [MAPS]})


def test_a_bundle_id_without_a_profile_of_its_own_takes_that_of_a_wildcard_or_fails(tmp_path: Path) -> None:
    profile(tmp_path / "All.mobileprovision", "com.example.*")
    path = asked(tmp_path, {"keychain-access-groups": ["$(AppIdentifierPrefix)x"]})
    assert verify(tmp_path, f"{APP}: {path}", tmp_path).code == 0
    assert verify(tmp_path, f"org.example.app: {path}", tmp_path).code == 1


def test_an_expired_profile_fails(tmp_path: Path) -> None:
    profile(tmp_path / "A.mobileprovision", days=-1)
    assert verify(tmp_path, asked(tmp_path, {}), tmp_path).code == 1


def test_groups_with_the_prefix_of_the_team_need_no_profile_on_a_mac(tmp_path: Path) -> None:
    path = asked(tmp_path, {GROUPS: ["A1B2C3D4E5.com.example"]})
    profile(tmp_path / "A.provisionprofile", platform="MAC_OS")
    assert verify(tmp_path, path, tmp_path).code == 0
    assert verify(tmp_path, asked(tmp_path, {GROUPS: [GROUP]}), tmp_path).code == 1


def test_of_installed_profiles_the_newest_of_a_name_counts_and_expired_ones_do_not(tmp_path: Path) -> None:
    new, old = (tmp_path / folder for folder in FOLDERS)
    profile(old / "1.mobileprovision", name="Ours")
    profile(new / "2.mobileprovision", APP, "MAPS", name="Ours", created=NOW)
    profile(new / "3.mobileprovision", name="Expired", days=-1)
    (new / "4.mobileprovision").write_text("nothing")
    path = asked(tmp_path, {MAPS: True})
    done = verify(tmp_path, f"{APP}: {path}", "installed", HOME=str(tmp_path))
    assert (done.code, done.outputs["checked"]) == (0, "1"), done.stdout
    assert len(done.log.messages("warning")) == 1


def test_the_valid_profiles_at_apple_are_compared_with_a_key_and_nothing_is_written(tmp_path: Path) -> None:
    path = asked(tmp_path, {GROUPS: [GROUP]})
    record = {"name": "Example", "identifier": APP, "associations": {GROUPS: [GROUP]}}
    with start_sandbox(seed(bundleIds=[record])) as sandbox:
        store = folder_store(tmp_path)
        assert (
            step(tmp_path, sandbox, store, {"register-bundle-ids": "true", "capabilities": "APP_GROUPS"}).code
            == 0
        )
        before = len(sandbox.requests)
        inputs = {"entitlements": f"{APP}: {path}", "profiles": "apple"}
        done = in_job(tmp_path, inputs, sandbox=sandbox, command="verify-profiles")
        assert (done.code, done.outputs["checked"]) == (0, "1"), done.stdout
        assert [entry.method for entry in sandbox.requests[before:]] == ["GET", "GET"]
        unknown = {"entitlements": f"{WIDGET}: {path}", "profiles": "apple"}
        assert in_job(tmp_path, unknown, sandbox=sandbox, command="verify-profiles").code == 1


@pytest.mark.parametrize(
    ("entitlements", "profiles"),
    [
        ("missing.entitlements", "A.mobileprovision"),
        ("A.mobileprovision", "A.mobileprovision"),
        ("Example.entitlements", "Example.entitlements"),
        ("Example.entitlements", "*.missing"),
        ("Example.entitlements", "installed"),
        (f"{APP}: Example.entitlements", "installed\nA.mobileprovision"),
        ("", "A.mobileprovision"),
    ],
)
def test_files_that_cannot_be_are_refused_as_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entitlements: str, profiles: str
) -> None:
    monkeypatch.chdir(tmp_path)
    asked(tmp_path, {})
    profile(tmp_path / "A.mobileprovision")
    assert verify(tmp_path, entitlements, profiles).code == 2


def test_by_hand_each_finding_is_a_line_with_file_and_number(tmp_path: Path) -> None:
    path = asked(tmp_path, {MAPS: True})
    files = ("--entitlements", str(path), "--profiles", str(profile(tmp_path / "A.mobileprovision")))
    done = by_hand(*files, command="verify-profiles")
    assert done.code == 1
    assert f"{path}:5: " in done.stderr
