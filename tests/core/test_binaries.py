"""Binaries: what is read out of an .ipa or .pkg, what else the file may be, and what Apple would refuse about it."""

from __future__ import annotations

import errno
import gzip
import io
import os
import plistlib
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.builds.binary import Binary, BinaryError, Nested, defects, read_binary
from asc.formats import zipfiles
from asc.formats.mobileprovision import read_profile
from asc_sandbox.samples import make_ipa, make_pkg, make_profile
from asc_sandbox.samples.bundle import App
from asc_sandbox.samples.cpio import make_cpio
from asc_sandbox.samples.xar import XarFile, write_xar
from support.bounds import bounded, moderate

NOW = datetime.now(UTC)
INFO = App("com.example.app", "1.0", "1").info_plist()
APP = "Payload/Example.app/"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Example.ipa"


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    """What is said about a file that cannot be read; both lines name things a user can look at."""
    with pytest.raises(BinaryError) as caught:
        read_binary(path)
    error = caught.value
    assert str(path) in error.message
    assert error.remedy.endswith(".")
    assert "\n" not in error.message + error.remedy
    assert error.exit_code == 2
    return f"{error.message} {error.remedy}"


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
    assert ("is no boolean" in told.text, told.fatal) == (True, False)


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


# Hostile archives


@pytest.mark.parametrize("end", [30, 500, -1, -30])
def test_an_ipa_that_is_cut_off_is_told(path: Path, end: int) -> None:
    make_ipa(path)
    path.write_bytes(path.read_bytes()[:end])
    assert "cut off" in refused(path)


def test_an_encrypted_ipa_is_told(path: Path) -> None:
    data = bytearray(zipped(path, {f"{APP}Info.plist": INFO}).read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


def test_sizes_that_are_only_claimed_are_not_believed(path: Path) -> None:
    data = bytearray(zipped(path, {f"{APP}Info.plist": INFO}).read_bytes())
    at = data.rindex(b"PK\1\2") + 24
    data[at : at + 4] = (0xFFFFFFFE).to_bytes(4, "little")
    path.write_bytes(data)
    assert "4,294,967,294 bytes long" in refused(path)


def test_a_hundred_megabytes_of_zeros_are_not_unpacked(path: Path) -> None:
    files = {f"{APP}Info.plist": bytes(100 << 20)}
    packed = zipped(path, files)
    with bounded(megabytes=8):
        assert "at most" in refused(packed)


def test_names_of_every_kind_do_no_harm(path: Path) -> None:
    odd = [
        "../../etc/passwd",
        "/etc/passwd",
        "Payload/../x.app/y",
        "a\nb",
        "\x1b]0;x\x07",
        "::error::x",
        "C:\\x",
        "🤷" * 99,
    ]
    files = dict.fromkeys(odd, b"x")
    before = set(path.parent.rglob("*"))
    assert read_binary(zipped(path, {**files, f"{APP}Info.plist": INFO})).bundle_id == "com.example.app"
    assert set(path.parent.rglob("*")) - before == {path}


def test_names_are_shown_without_control_characters(path: Path) -> None:
    message = refused(zipped(path, {f"Payload/a\n::error::\x1b[2J{'x' * 200}.app/b": b""}))
    assert "\x1b" not in message
    assert len(message) < 400 + len(str(path))


def test_two_files_of_one_name_are_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning):
        for number in "12":
            archive.writestr(f"{APP}Info.plist", App("a.b", "1", number).info_plist())
    assert "two files of the name" in refused(path)


def directory_of(path: Path, names: list[bytes]) -> Path:
    """A zip with one file and a list that gives it all these names."""
    data = zipped(path, {"x": b""}).read_bytes()
    start, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    header = data[start : start + 46]
    entries = b"".join(header[:28] + len(name).to_bytes(2, "little") + header[30:] + name for name in names)
    sizes = len(entries).to_bytes(4, "little") + start.to_bytes(4, "little")
    path.write_bytes(data[:start] + entries + data[end : end + 12] + sizes + b"\0\0")
    return path


def test_65000_files_are_read_in_one_pass(path: Path) -> None:
    names = [b"Payload/Example.app/Assets/%d.png" % number for number in range(65_000)]
    directory_of(path, names)
    with moderate():
        assert "no Info.plist" in refused(path)


def test_many_apps_are_stopped(path: Path) -> None:
    assert "apps" in refused(
        directory_of(path, [b"Payload/%d.app/Info.plist" % one for one in range(30_000)])
    )


def test_paths_longer_than_any_are_passed_over(path: Path) -> None:
    names = [b"Payload/" + b"x" * 60_000 + b"%d.app/Info.plist" % number for number in range(1000)]
    assert "without Payload/*.app" in refused(directory_of(path, names))


def test_a_list_of_files_that_is_too_long_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfiles, "LONGEST", 40)
    assert "at most 40 are read" in refused(make_ipa(path))


def test_more_files_than_any_app_has_are_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfiles, "MOST", 100)
    assert "more than 100 files" in refused(directory_of(path, [b"x"] * 101))


MAKERS: dict[str, Callable[..., Path]] = {"ipa": make_ipa, "pkg": make_pkg}


@pytest.mark.parametrize("kind", ["ipa", "pkg"])
def test_damaged_binaries_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    path = MAKERS[kind](folder / "damaged", extensions={"PlugIns/A.appex": "1"})
    data = path.read_bytes()

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6),
        st.integers(1, 2 * len(data)),
    )
    def check(changes: list[tuple[int, int]], end: int) -> None:
        changed = bytearray(data)
        for at, value in changes:
            changed[at] = value
        path.write_bytes(bytes(changed[:end]))
        with suppress(BinaryError):
            defects(read_binary(path), NOW)

    check()


# A .pkg


BUNDLE = '<bundle path="{path}" id="{id}" CFBundleShortVersionString="1.0" CFBundleVersion="{number}"/>'


def bundle(path: str, bundle_id: str = "a.b", number: str = "1") -> str:
    return BUNDLE.format(path=path, id=bundle_id, number=number)


def component(*bundles: str, location: str = "/Applications") -> bytes:
    return f'<pkg-info install-location="{location}">{"".join(bundles)}</pkg-info>'.encode()


def distribution(*bundles: str, more: str = "") -> bytes:
    inner = "".join(bundles)
    reference = f"<pkg-ref id='x'><bundle-version>{inner}</bundle-version></pkg-ref>"
    return f"<installer-gui-script>{more}{reference}</installer-gui-script>".encode()


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    write_xar(path, [XarFile.of(name, data) for name, data in files.items()])
    return path


def test_a_product_archive_tells_what_it_is(path: Path) -> None:
    binary = read_binary(make_pkg(path, "com.example.mac", "2.0", "7", extensions={"PlugIns/S.appex": "8"}))
    assert (binary.kind, binary.uti, binary.platform) == ("pkg", "com.apple.pkg", "MAC_OS")
    assert (binary.bundle_id, binary.version, binary.build_number) == ("com.example.mac", "2.0", "7")
    assert (binary.name, binary.app_path) == ("Example", "Applications/Example.app")
    assert binary.nested == (Nested("PlugIns/S.appex", "com.example.mac.S", "2.0", "8"),)
    assert (binary.profile, binary.uses_non_exempt_encryption) == (None, False)


def test_a_component_package_is_read_too(path: Path) -> None:
    assert read_binary(make_pkg(path, "a.b", distribution=False)).bundle_id == "a.b"


@pytest.mark.parametrize(
    "files",
    [
        {"Distribution": distribution(bundle("Example.app"))},
        {"Distribution": distribution(), "a.pkg/PackageInfo": component(bundle("./Example.app"))},
        {
            "Distribution": distribution(bundle("Example.app")),
            "a.pkg/PackageInfo": component("<bundle id='a.b' path='./Example.app'/>"),
        },
        {"a.pkg/PackageInfo": component(bundle("./Applications/My 2.0/Example.app"), location="/")},
        {
            "Distribution": distribution(
                bundle("Other.app", "c.d"), bundle("Example.app"), more='<product id="a.b"/>'
            )
        },
        {
            "a.pkg/PackageInfo": component(bundle("./Tool.app", "c.d"), location="/Library"),
            "b.pkg/PackageInfo": component(bundle("./Example.app")),
        },
        {
            "PackageInfo": component(
                bundle("./Example.app/Contents/Helpers/H.app", "c.d"),
                bundle("./Example.app/Contents/Frameworks/F.framework", "e.f"),
                bundle("./Example.app"),
            )
        },
    ],
)
def test_the_app_of_a_package_is_found(path: Path, files: dict[str, bytes]) -> None:
    binary = read_binary(packed(path, files))
    assert (binary.bundle_id, binary.version, binary.build_number) == ("a.b", "1.0", "1")
    assert binary.name == "Example"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no app is in it"),
        ({"Distribution": distribution()}, "no app is in it"),
        ({"Distribution": distribution(bundle("Library/Tool.plugin"))}, "no app is in it"),
        ({"Distribution": b"<a"}, "Distribution cannot be read"),
        ({"Distribution": b"<!DOCTYPE a><a/>"}, "document type"),
        ({"Distribution": b" " * (9 << 20)}, "longer than"),
        ({"a.pkg/PackageInfo": b"?"}, "PackageInfo cannot be read"),
        (
            {"PackageInfo": b"<pkg-info><bundle id='a' path='E.app'/></pkg-info>"},
            "CFBundleShortVersionString of E.app",
        ),
    ],
)
def test_packages_without_an_app_are_refused(path: Path, files: dict[str, bytes], why: str) -> None:
    assert why in refused(packed(path, files))


def test_a_package_that_is_cut_off_is_told(path: Path) -> None:
    make_pkg(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert "cut off" in refused(path)


# Defects


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


def test_nothing_is_written_while_reading(path: Path) -> None:
    make_ipa(path)
    before = {one: one.stat().st_mtime_ns for one in path.parent.iterdir()}
    read_binary(path)
    assert {one: one.stat().st_mtime_ns for one in path.parent.iterdir()} == before


def test_little_is_read_of_a_large_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ipa(path, padding=20 << 20)
    amount = 0
    real: Callable[..., Any] = Path.open

    class Counting(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal amount
            data = super().read(size)
            amount += len(data)
            return data

    monkeypatch.setattr(Path, "open", lambda self, mode: Counting(real(self, mode, 0)))
    read_binary(path)
    assert amount < 1 << 18


# The payload of a .pkg


def with_payload(path: Path, payload: bytes) -> Path:
    info = b'<pkg-info install-location="/Applications"><bundle path="./E.app" id="a.b"'
    info += b' CFBundleShortVersionString="1.0" CFBundleVersion="1"/></pkg-info>'
    write_xar(path, [XarFile.of("PackageInfo", info), XarFile("Payload", lambda: [payload])])
    return path


@pytest.mark.parametrize("answer", [True, False, None])
def test_the_payload_of_a_pkg_tells_its_export_compliance(path: Path, answer: bool | None) -> None:
    keys = {"ITSEncryptionExportComplianceCode": "code"}
    keys |= {} if answer is None else {"ITSAppUsesNonExemptEncryption": answer}
    files = {
        "E.app/Contents/Frameworks/K": b"k" * 3_000_000,
        "E.app/Contents/Info.plist": plistlib.dumps(keys),
    }
    binary = read_binary(with_payload(path, gzip.compress(make_cpio(files))))
    assert (binary.uses_non_exempt_encryption, binary.compliance_code) == (answer, "code")
    assert defects(binary, NOW) == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"pbzx\0\0", "no gzip"),
        (gzip.compress(b"?" * 100, mtime=0), "not a cpio"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": INFO})[:300], mtime=0), "not a cpio"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": INFO}), mtime=0)[:60], "no gzip"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": b"?"}), mtime=0), "not a property list"),
        (gzip.compress(make_cpio({"E.app/Contents/PkgInfo": b"?"}), mtime=0), "no payload has it"),
    ],
)
def test_a_payload_that_cannot_be_read_says_why_and_holds_nothing_up(
    path: Path, payload: bytes, reason: str
) -> None:
    (told,) = defects(read_binary(with_payload(path, payload)), NOW)
    assert (reason in told.text, told.fatal) == (True, False)
