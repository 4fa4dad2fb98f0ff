"""Defects of a binary that Apple would refuse: profiles, numbers, nested bundles."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asc.builds.binary import Binary, Nested, defects
from asc.formats.mobileprovision import read_profile
from asc_sandbox.samples import make_profile
from core.binaries import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Example.ipa"


PROFILE = read_profile(make_profile("com.example.app"))


SOUND = Binary(
    path=Path("Example.ipa"),
    size=1,
    kind="ipa",
    bundle_id="com.example.app",
    version="1.0",
    build_number="1",
    platform="IOS",
    name="Example",
    app_path="Payload/Example.app",
    profile=PROFILE,
)


def found(binary: Binary, now: datetime = NOW) -> list[tuple[bool, str]]:
    listed = defects(binary, now)
    assert all(one.remedy.endswith(".") for one in listed)
    return [(one.fatal, str(one)) for one in listed]


def test_a_sound_binary_has_no_defects() -> None:
    assert found(SOUND) == []


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("development", "development"),
        ("ad-hoc", "ad-hoc"),
        ("enterprise", "enterprise"),
        ("expired", "expired on"),
    ],
)
def test_profiles_that_are_not_for_the_store_are_fatal(kind: Any, why: str) -> None:
    profile = read_profile(make_profile("com.example.app", kind, now=NOW))
    ((fatal, text),) = found(replace(SOUND, profile=profile))
    assert fatal
    assert why in text


def test_a_profile_is_valid_until_it_expires() -> None:
    assert PROFILE.expires is not None
    assert found(SOUND, PROFILE.expires - timedelta(seconds=1)) == []
    assert "expired" in found(SOUND, PROFILE.expires)[0][1]


def test_an_app_needs_a_profile_and_a_mac_app_does_not() -> None:
    assert found(replace(SOUND, profile=None))[0][0]
    assert (
        found(replace(SOUND, profile=None, kind="pkg", platform="MAC_OS", app_path="Applications/E.app"))
        == []
    )


@pytest.mark.parametrize(
    ("identifier", "fits"),
    [
        ("A1B2C3D4E5.com.example.app", True),
        ("A1B2C3D4E5.com.Example.App", True),
        ("A1B2C3D4E5.*", True),
        ("A1B2C3D4E5.com.example.*", True),
        ("", True),
        ("odd", True),
        ("A1B2C3D4E5.com.example.other", False),
        ("A1B2C3D4E5.com.example.app.share", False),
        ("A1B2C3D4E5.org.*", False),
    ],
)
def test_the_profile_must_be_the_apps(identifier: str, fits: bool) -> None:
    profile = replace(PROFILE, application_identifier=identifier)
    assert (found(replace(SOUND, profile=profile)) == []) is fits


@pytest.mark.parametrize("version", ["1", "1.0", "10.14.1", "2026.1.31", "0.0.1", "01.02"])
@pytest.mark.parametrize("build_number", ["1", "1.2.3", "1.2.3.4", "18.9.0.1", "202601311000", "0", "1" * 18])
def test_numbers_that_apple_takes_are_no_defects(version: str, build_number: str) -> None:
    assert found(replace(SOUND, version=version, build_number=build_number)) == []


@pytest.mark.parametrize(
    "version", ["1.2.3.4", "1.0-beta", "v1", "1.", ".1", "1..2", "$(VERSION)", "1 0", "١.٢"]
)
def test_versions_that_apple_refuses_are_fatal(version: str) -> None:
    ((fatal, text),) = found(replace(SOUND, version=version))
    assert fatal
    assert "CFBundleShortVersionString" in text


@pytest.mark.parametrize("number", ["a1", "1.0-beta.1", "$(VERSION)", "1.", "241209 854", "1" * 19, "٣"])
def test_build_numbers_that_apple_refuses_are_fatal(number: str) -> None:
    ((fatal, text),) = found(replace(SOUND, build_number=number))
    assert fatal
    assert "CFBundleVersion" in text


@pytest.mark.parametrize(
    ("path", "fatal"),
    [
        ("Watch/W.app", True),
        ("PlugIns/S.appex", False),
        ("AppClips/C.app", False),
        ("Watch/W.app/PlugIns/E.appex", False),
    ],
)
def test_numbers_of_nested_bundles_must_be_the_apps(path: str, fatal: bool) -> None:
    nested = Nested(path, "com.example.app.x", "1.0", "2")
    assert [one[0] for one in found(replace(SOUND, nested=(nested,)))] == [fatal]
    assert [one[0] for one in found(replace(SOUND, nested=(replace(nested, version="3"),)))] == [fatal] * 2
    assert found(replace(SOUND, nested=(replace(nested, build_number="1"),))) == []
    assert found(replace(SOUND, nested=(replace(nested, build_number="", version=""),))) == []


def test_helpers_in_mac_apps_have_numbers_of_their_own() -> None:
    mac = replace(SOUND, kind="pkg", platform="MAC_OS", profile=None, app_path="Applications/E.app")
    assert found(replace(mac, nested=(Nested("Helpers/H.app", "a", "9.9", "99"),))) == []


def test_fatal_defects_come_first() -> None:
    nested = Nested("PlugIns/S.appex", "a", "1.0", "2")
    listed = found(replace(SOUND, nested=(nested,), version="x", app_path="a/Payload/E.app"))
    assert [fatal for fatal, _ in listed] == sorted((fatal for fatal, _ in listed), reverse=True)
    assert listed[0][0] and not listed[-1][0]
