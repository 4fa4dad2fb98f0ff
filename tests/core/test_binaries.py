"""Reading an .ipa, and telling other files by their content."""

from __future__ import annotations

import errno
import gzip
import os
import plistlib
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from asc.builds.binary import BinaryError, Nested, defects, read_binary
from asc_sandbox.samples import make_ipa, make_pkg
from core.binaries import APP, INFO, NOW, refused, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Example.ipa"


# An .ipa


@pytest.mark.parametrize("binary_plist", [True, False])
def test_an_ipa_tells_what_it_is(path: Path, binary_plist: bool) -> None:
    info = {"CFBundleDisplayName": "Beispiel für alle"}
    make_ipa(path, "com.example.app", "1.2.3", "45", name="My Äpp", binary_plist=binary_plist, info=info)
    binary = read_binary(path)
    assert (binary.path, binary.size) == (path, path.stat().st_size)
    assert (binary.kind, binary.uti, binary.platform) == ("ipa", "com.apple.ipa", "IOS")
    assert (binary.bundle_id, binary.version, binary.build_number) == ("com.example.app", "1.2.3", "45")
    assert (binary.name, binary.app_path) == ("Beispiel für alle", "Payload/My Äpp.app")
    assert binary.nested == ()
    assert binary.profile is not None
    assert binary.profile.name == "Example app-store com.example.app"


@pytest.mark.parametrize("value", [True, False, None])
def test_encryption_is_as_info_plist_says(path: Path, value: bool | None) -> None:
    assert read_binary(make_ipa(path, encryption=value)).uses_non_exempt_encryption is value


@pytest.mark.parametrize(
    ("info", "platform"),
    [
        ({"CFBundleSupportedPlatforms": ["iPhoneOS"]}, "IOS"),
        ({"CFBundleSupportedPlatforms": ["AppleTVOS"], "DTPlatformName": None}, "TV_OS"),
        ({"CFBundleSupportedPlatforms": ["XROS"], "DTPlatformName": None}, "VISION_OS"),
        ({"CFBundleSupportedPlatforms": ["MacOSX"], "DTPlatformName": None}, "MAC_OS"),
        ({"CFBundleSupportedPlatforms": None, "DTPlatformName": "appletvos"}, "TV_OS"),
        ({"CFBundleSupportedPlatforms": [], "DTPlatformName": "xros"}, "VISION_OS"),
        ({"CFBundleSupportedPlatforms": "odd", "DTPlatformName": "iphoneos"}, "IOS"),
    ],
)
def test_the_platform_is_what_it_was_built_for(path: Path, info: dict[str, Any], platform: str) -> None:
    assert read_binary(make_ipa(path, info=info)).platform == platform


@pytest.mark.parametrize(
    "info",
    [
        {"CFBundleSupportedPlatforms": ["iPhoneSimulator"]},
        {"CFBundleSupportedPlatforms": ["iPhoneOS", "iPhoneSimulator"]},
        {"CFBundleSupportedPlatforms": ["iPhoneOS"], "DTPlatformName": "iphonesimulator"},
        {"CFBundleSupportedPlatforms": ["iPhoneOS"], "DTSDKName": "iphonesimulator18.0"},
        {"CFBundleSupportedPlatforms": None, "DTPlatformName": "appletvsimulator"},
    ],
)
def test_a_build_for_the_simulator_is_refused(path: Path, info: dict[str, Any]) -> None:
    assert "simulator" in refused(make_ipa(path, info=info))


@pytest.mark.parametrize(
    "info",
    [
        {"CFBundleSupportedPlatforms": ["iPhoneOS", "AppleTVOS"]},
        {"CFBundleSupportedPlatforms": ["iPhoneOS"], "DTPlatformName": "macosx"},
        {"CFBundleSupportedPlatforms": ["iPhoneOS"], "DTSDKName": "xros2.0"},
    ],
)
def test_platform_keys_that_contradict_each_other_are_refused(path: Path, info: dict[str, Any]) -> None:
    assert "name different platforms" in refused(make_ipa(path, info=info))


def test_a_watch_app_alone_is_sent_back_for_its_container(path: Path) -> None:
    info = {"CFBundleSupportedPlatforms": ["WatchOS"], "DTPlatformName": "watchos"}
    assert "Archive the iOS app around it" in refused(make_ipa(path, info=info))


@pytest.mark.parametrize("value", ["NO", 0, 1.5])
def test_an_answer_about_encryption_that_is_no_boolean_is_told(path: Path, value: object) -> None:
    binary = read_binary(make_ipa(path, info={"ITSAppUsesNonExemptEncryption": value}))
    (told,) = defects(binary, NOW)
    assert binary.uses_non_exempt_encryption is None
    assert ("is not a boolean" in told.text, told.fatal) == (True, False)


def test_a_build_number_as_integer_is_read_and_told(path: Path) -> None:
    binary = read_binary(make_ipa(path, info={"CFBundleVersion": 42}))
    (told,) = defects(binary, NOW)
    assert (binary.build_number, "<string>42</string>" in told.remedy, told.fatal) == ("42", True, False)


def test_a_build_number_as_real_is_to_be_a_string(path: Path) -> None:
    assert "CFBundleVersion as <string>" in refused(make_ipa(path, info={"CFBundleVersion": 1.1}))


@pytest.mark.parametrize(
    ("version", "is_taken"), [("8.22.3-beta.0", False), ("8.22.3", True), ("8.22.3.1", True)]
)
def test_a_framework_whose_version_has_letters_is_refused(path: Path, version: str, is_taken: bool) -> None:
    make_ipa(path)
    framework = plistlib.dumps(
        {"CFBundleIdentifier": "com.example.kit", "CFBundleShortVersionString": version}
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(APP + "Frameworks/Kit.framework/Info.plist", framework)
    found = defects(read_binary(path), NOW)
    assert [("Kit.framework" in one.text, one.fatal) for one in found] == ([] if is_taken else [(True, True)])


@pytest.mark.parametrize("folder", ["payload", "PAYLOAD"])
def test_another_spelling_of_payload_is_named(path: Path, folder: str) -> None:
    assert "Rename the folder to Payload" in refused(zipped(path, {f"{folder}/Example.app/Info.plist": INFO}))


def test_a_member_packed_with_bzip2_is_not_told_to_be_encrypted(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(APP + "Info.plist", INFO)
    told = refused(path)
    assert ("with deflate" in told, "encryption" in told) == (True, False)


@pytest.mark.parametrize("platforms", [None, [1], ["\x1b[2J\n::error::"]])
def test_platforms_without_testflight_are_refused(path: Path, platforms: Any) -> None:
    info = {"CFBundleSupportedPlatforms": platforms, "DTPlatformName": None}
    assert "no platform that TestFlight has" in refused(make_ipa(path, info=info))


def test_nested_bundles_are_told_and_not_taken_for_the_app(path: Path) -> None:
    inside = {
        "PlugIns/Share.appex": "1",
        "Extensions/Intents.appex": "2",
        "Watch/Watch.app": "3",
        "Watch/Watch.app/PlugIns/Face.appex": "4",
        "AppClips/Clip.app": "5",
    }
    binary = read_binary(make_ipa(path, "com.example.app", extensions=inside))
    assert binary.bundle_id == "com.example.app"
    assert {one.path: one.build_number for one in binary.nested} == inside
    assert binary.nested[0] == Nested("AppClips/Clip.app", "com.example.app.Clip", "1.0", "5")


def test_other_bundles_in_the_app_are_not_looked_at(path: Path) -> None:
    broken = {f"{APP}{inner}/Info.plist": b"?" for inner in ("Frameworks/A.framework", "B.bundle", "PlugIns")}
    assert not read_binary(zipped(path, {f"{APP}Info.plist": INFO, **broken})).nested


def test_what_macos_leaves_in_archives_does_not_matter(path: Path) -> None:
    noise = {
        "__MACOSX/Payload/Example.app/._Info.plist": b"?",
        "__MACOSX/Payload/._Example.app": b"?",
        "Payload/._Other.app/Info.plist": b"?",
        f"{APP}._Info.plist": b"?",
        "Payload/.DS_Store": b"?",
        "Symbols/A.symbols": b"?",
    }
    assert read_binary(zipped(path, {**noise, f"{APP}Info.plist": INFO})).bundle_id == "com.example.app"


def test_payload_may_lie_in_a_folder_which_is_told(path: Path) -> None:
    binary = read_binary(zipped(path, {"Export/Payload/Example.app/Info.plist": INFO}))
    assert binary.app_path == "Export/Payload/Example.app"
    (found,) = [one for one in defects(binary, NOW) if not one.fatal]
    assert "Payload is not at the top" in str(found)


def test_a_mac_app_in_an_ipa_keeps_its_files_in_contents(path: Path) -> None:
    binary = read_binary(make_ipa(path, platform="MAC_OS", extensions={"Contents/PlugIns/Share.appex": "1"}))
    assert binary.profile is not None
    assert binary.nested[0].path == "PlugIns/Share.appex"
    assert ".pkg" in str(defects(binary, NOW)[0])


def test_whole_numbers_without_quotes_are_read(path: Path) -> None:
    assert read_binary(make_ipa(path, info={"CFBundleVersion": 45})).build_number == "45"


@pytest.mark.parametrize("key", ["CFBundleIdentifier", "CFBundleShortVersionString", "CFBundleVersion"])
@pytest.mark.parametrize(
    ("value", "why"),
    [(None, "is missing"), ("", "is missing"), (1.5, "is not a text"), (True, "is not a text")],
)
def test_keys_that_every_app_has_must_be_there(path: Path, key: str, value: Any, why: str) -> None:
    assert f"{key} {why}" in refused(make_ipa(path, info={key: value}))


def test_several_apps_are_named(path: Path) -> None:
    message = refused(zipped(path, {f"Payload/{name}.app/Info.plist": INFO for name in ("One", "Two")}))
    assert "2 apps: Payload/One.app, Payload/Two.app" in message


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "empty zip"),
        ({"a.txt": b""}, r"without Payload/\*.app"),
        ({"Payload/readme": b""}, r"without Payload/\*.app"),
        ({"Payload\\Example.app\\Info.plist": INFO}, r"without Payload/\*.app"),
        ({f"{APP}Example": b""}, "no Info.plist"),
        ({APP: b""}, "no Info.plist"),
        ({"Example.app/Info.plist": INFO}, "zipped .app without a Payload"),
        ({"Example.xcarchive/Info.plist": INFO}, "archive of Xcode"),
        ({"a/Products/Applications/Example.app/Info.plist": INFO}, "archive of Xcode"),
        ({"Example.app.dSYM/Contents/Info.plist": INFO}, "dSYM"),
        ({"build/Example.ipa": b"PK"}, "zip around the binary"),
        ({"AndroidManifest.xml": b""}, "Android"),
        ({"BundleConfig.pb": b""}, "Android"),
        ({f"{APP}Info.plist": b""}, "not a property list"),
        ({f"{APP}Info.plist": b"hello"}, "not a property list"),
        ({f"{APP}Info.plist": plistlib.dumps([])}, "not a dictionary"),
        ({f"{APP}Info.plist": bytes(2 << 20)}, "at most"),
        ({f"{APP}Info.plist": INFO, f"{APP}embedded.mobileprovision": b"?"}, "profile inside"),
        ({f"{APP}Info.plist": INFO, f"{APP}PlugIns/A.appex/Info.plist": b"?"}, "A.appex/Info.plist cannot"),
    ],
)
def test_zips_that_are_no_ipa_say_what_they_are(path: Path, files: dict[str, bytes], why: str) -> None:
    assert re.search(why, refused(zipped(path, files)))


# Other files


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"\x1f\x8b\x08\0", "gzip"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"(\xb5/\xfd\0", "zstd"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"x" * 257 + b"ustar\0", "tar archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE HTML><html>", "web page"),
        (b"<html><body>404", "web page"),
        (b"<?xml version='1.0'?><Error/>", "XML"),
        (b'{"message": "Not Found"}', "JSON"),
        (b"Not Found\n", "text"),
        (b"bplist00", "property list"),
        (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", "executable"),
        (bytes(2000), "zeros"),
        (b"\1\2\3" * 600 + b"koly" + bytes(508), "disk image"),
        (b"\1\2\3", "something unknown"),
    ],
)
def test_other_files_are_called_what_they_look_like(path: Path, data: bytes, looks: str) -> None:
    path.write_bytes(data)
    assert re.search(rf"looks like (an? |nothing but )?{looks}", refused(path))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Example.app", "Export the archive"),
        ("Example.xcarchive", "Export the archive"),
        ("a.dSYM", "symbols"),
        ("out", "in it"),
    ],
)
def test_folders_are_refused_with_what_to_do(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / name).mkdir()
    message = refused(tmp_path / name)
    assert "is a folder" in message
    assert remedy in message


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.ipa")
    (tmp_path / "file").write_text("x")
    assert "does not exist" in refused(tmp_path / "file" / "none.ipa")


def test_empty_files_and_pipes_are_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "empty.ipa").touch()
    assert "is empty" in refused(tmp_path / "empty.ipa")
    os.mkfifo(tmp_path / "pipe.ipa")
    assert "not an ordinary file" in refused(tmp_path / "pipe.ipa")


def test_odd_paths_and_broken_disks_end_in_an_error_of_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BinaryError):
        read_binary(Path("a\0b.ipa"))
    make_ipa(path)

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "open", fails)
    assert "Input/output error" in refused(path)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    assert read_binary(make_ipa(tmp_path / "a.pkg")).kind == "ipa"
    assert read_binary(make_pkg(tmp_path / "b.zip")).kind == "pkg"


# Defects
