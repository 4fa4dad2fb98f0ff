"""Reading a .pkg: its app, and its payload."""

from __future__ import annotations

import gzip
import plistlib
from pathlib import Path

import pytest

from asc.builds.binary import Nested, defects, read_binary
from asc_sandbox.samples import make_pkg
from asc_sandbox.samples.cpio import make_cpio
from asc_sandbox.samples.xar import XarFile, write_xar
from core.binaries import INFO, NOW, packed, refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Example.ipa"


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
        (b"pbzx\0\0", "gzip archive"),
        (gzip.compress(b"?" * 100, mtime=0), "not a cpio"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": INFO})[:300], mtime=0), "not a cpio"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": INFO}), mtime=0)[:60], "gzip archive"),
        (gzip.compress(make_cpio({"E.app/Contents/Info.plist": b"?"}), mtime=0), "not a property list"),
        (gzip.compress(make_cpio({"E.app/Contents/PkgInfo": b"?"}), mtime=0), "no payload has it"),
    ],
)
def test_a_payload_that_cannot_be_read_says_why_and_holds_nothing_up(
    path: Path, payload: bytes, reason: str
) -> None:
    (told,) = defects(read_binary(with_payload(path, payload)), NOW)
    assert (reason in told.text, told.fatal) == (True, False)
