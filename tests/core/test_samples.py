"""The makers of samples: what they make is what Apple's tools make, as far as it is read."""

from __future__ import annotations

import hashlib
import plistlib
import struct
import subprocess
import sys
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from asc.builds.binary import defects, read_binary
from asc.formats import xar
from asc.formats.mobileprovision import read_profile
from asc_sandbox.samples import make_ipa, make_pkg, make_profile
from asc_sandbox.samples.cli import main
from asc_sandbox.samples.macho import make_executable
from asc_sandbox.samples.padding import padding
from asc_sandbox.samples.profile import TEAM_ID

NOW = datetime.now(UTC)


@pytest.mark.parametrize("platform", ["IOS", "TV_OS", "VISION_OS"])
def test_an_ipa_has_no_defects_as_it_is(tmp_path: Path, platform: str) -> None:
    binary = read_binary(make_ipa(tmp_path / "a.ipa", "com.example.tv", "1.2", "34", platform))
    assert (binary.bundle_id, binary.version, binary.build_number) == ("com.example.tv", "1.2", "34")
    assert (binary.platform, binary.uses_non_exempt_encryption) == (platform, False)
    assert not defects(binary, NOW)


def test_an_ipa_is_a_sound_zip_with_what_an_app_has(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_ipa(tmp_path / "a.ipa", extensions={"PlugIns/Share.appex": "1"})) as archive:
        assert archive.testzip() is None
        assert {name.removeprefix("Payload/Example.app/") for name in archive.namelist()} == {
            "Info.plist",
            "PkgInfo",
            "Example",
            "embedded.mobileprovision",
            "PlugIns/Share.appex/Info.plist",
            "PlugIns/Share.appex/PkgInfo",
            "PlugIns/Share.appex/Share",
        }
        assert archive.getinfo("Payload/Example.app/Example").external_attr >> 16 == 0o100755
        assert archive.read("Payload/Example.app/Info.plist").startswith(b"bplist00")


@pytest.mark.parametrize("size", [100_000, (1 << 20) + 1, 5 << 20])
def test_the_size_can_be_chosen(tmp_path: Path, size: int) -> None:
    path = make_ipa(tmp_path / "a.ipa", size=size)
    assert path.stat().st_size == size
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    assert make_pkg(tmp_path / "a.pkg", size=size).stat().st_size == size
    assert read_binary(tmp_path / "a.pkg").size == size


def test_padding_is_added_to_the_rest(tmp_path: Path) -> None:
    small, large = make_ipa(tmp_path / "a.ipa"), make_ipa(tmp_path / "b.ipa", padding=3 << 20)
    assert large.stat().st_size - small.stat().st_size > 3 << 20


def test_padding_differs_everywhere_and_is_the_same_again() -> None:
    chunks = list(padding((4 << 20) + 5, seed=1))
    assert [len(chunk) for chunk in chunks] == [1 << 20] * 4 + [5]
    assert len({hashlib.sha256(chunk).digest() for chunk in chunks}) == 5
    assert chunks == list(padding((4 << 20) + 5, seed=1)) != list(padding((4 << 20) + 5, seed=2))


def test_an_ipa_is_the_same_for_the_same_arguments(tmp_path: Path) -> None:
    one, other = (make_ipa(tmp_path / name, profile=b"x", padding=9, seed=3) for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_keys_of_info_plist_can_be_added_and_left_out(tmp_path: Path) -> None:
    path = make_ipa(
        tmp_path / "a.ipa", encryption=None, info={"CFBundleName": None, "Own": 1}, binary_plist=False
    )
    with zipfile.ZipFile(path) as archive:
        info = plistlib.loads(archive.read("Payload/Example.app/Info.plist"))
    assert info["Own"] == 1
    assert not {"CFBundleName", "ITSAppUsesNonExemptEncryption"} & set(info)


def test_a_profile_names_its_certificate_and_device_independent_id() -> None:
    profile = read_profile(make_profile("com.example.app", now=NOW))
    certificate = x509.load_der_x509_certificate(profile.certificates[0])
    assert TEAM_ID in certificate.subject.rfc4514_string()
    assert profile.uuid == read_profile(make_profile("com.example.app")).uuid
    assert profile.uuid != read_profile(make_profile("com.example.other")).uuid


def test_a_pkg_has_what_productbuild_writes(tmp_path: Path) -> None:
    with make_pkg(tmp_path / "a.pkg", "com.example.mac").open("rb") as file:
        archive = xar.open_archive(file)
        assert set(archive.members) == {
            "Distribution",
            "com.example.mac.pkg/PackageInfo",
            "com.example.mac.pkg/Payload",
        }
        assert archive.read("com.example.mac.pkg/Payload", 1 << 20).startswith(b"\x1f\x8b")


def test_a_pkg_is_read_as_the_app_in_it(tmp_path: Path) -> None:
    binary = read_binary(make_pkg(tmp_path / "a.pkg", "com.example.mac", "1.2", "34", name="My <App> & Co"))
    assert (binary.bundle_id, binary.version, binary.build_number) == ("com.example.mac", "1.2", "34")
    assert (binary.name, binary.platform, binary.uti) == ("My <App> & Co", "MAC_OS", "com.apple.pkg")
    assert not defects(binary, NOW)


def test_the_checksum_of_a_table_of_contents_is_right(tmp_path: Path) -> None:
    data = make_pkg(tmp_path / "a.pkg").read_bytes()
    (length,) = struct.unpack(">Q", data[8:16])
    toc, checksum = data[28 : 28 + length], data[28 + length : 48 + length]
    assert hashlib.sha1(toc).digest() == checksum


def test_an_executable_is_mach_o_with_its_uuid() -> None:
    identity = uuid.uuid4()
    program = make_executable(identity)
    magic, cpu, _, kind, commands, size = struct.unpack("<6I", program[:24])
    assert (magic, cpu, kind) == (0xFEEDFACF, 0x0100000C, 2)
    at, uuids = 32, []
    for _ in range(commands):
        command, length = struct.unpack_from("<2I", program, at)
        if command == 0x1B:
            uuids.append(uuid.UUID(bytes=program[at + 8 : at + 24]))
        assert length % 8 == 0
        at += length
    assert (at, uuids) == (32 + size, [identity])


@pytest.mark.parametrize(
    ("arguments", "platform"), [(["make-ipa", "--platform", "TV_OS"], "TV_OS"), (["make-pkg"], "MAC_OS")]
)
def test_the_command_line_makes_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], platform: str
) -> None:
    path = tmp_path / "made"
    options = ["--bundle-id", "a.b", "--version", "2.0", "--build-number", "7", "--size", "70000"]
    assert main([arguments[0], str(path), *arguments[1:], *options]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    binary = read_binary(path)
    assert (binary.bundle_id, binary.version, binary.build_number) == ("a.b", "2.0", "7")
    assert (binary.platform, binary.size) == (platform, 70_000)


@pytest.mark.parametrize("command", ["make-ipa", "make-pkg"])
def test_a_size_that_is_too_small_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, str(tmp_path / "a"), "--size", "10"]) == 2
    assert "cannot be smaller than" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make-ipa", str(tmp_path / "none" / "a")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_reading_a_binary_loads_no_heavy_module() -> None:
    source = Path(__file__).parents[2] / "src"
    code = "import asc.builds.binary, sys; print(*{'zipfile', 'plistlib', 'xml', 'bz2'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\n"
