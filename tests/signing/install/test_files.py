"""`output-directory`: what signs on any system."""

from __future__ import annotations

import contextlib
import json
import plistlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.errors import SetupError
from asc.formats.mobileprovision import read_profile
from asc.identity.p12 import read_p12
from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.install.export_options import METHODS, profile_mapping
from asc.signing.install.files import MANIFEST, fastlane_environment, write_files
from asc.signing.install.security import InstallError
from asc.signing.install.written import p12_names, profile_names, safe_name
from asc.signing.vault.entries import StoredProfile
from signing.install.samples import identity, profile
from signing.test_vault_samples import TEAM, openssl

UUID = "0A1B2C3D-0000-4000-8000-000000000001"


def hostile(bundle_id: str, uuid: str = UUID) -> StoredProfile:
    good = profile()
    return StoredProfile(
        good.path, good.profile_type, bundle_id, good.platform, "", good.content, read_profile(good.content)
    )


def test_the_folder_holds_all_that_signs(tmp_path: Path) -> None:
    written = write_files(tmp_path / "a b" / "säure", [identity()], [profile(), profile("com.example.*")])
    assert sorted(path.name for path in written.folder.iterdir()) == [
        "AppStore_com.example.app.mobileprovision",
        "AppStore_com.example.wildcard.mobileprovision",
        "ExportOptions.plist",
        "distribution_E7P4EE896K.p12",
        "manifest.json",
    ]
    assert written.profiles[0].path.read_bytes() == profile().content


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    written = write_files(tmp_path / "signing", [identity()], [profile()])
    assert written.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in written.folder.iterdir()} == {0o600}


def test_all_paths_are_told_at_once_before_any_is_written(tmp_path: Path) -> None:
    """At once: a record that is written for each of a thousand files is written a thousand times, ever longer."""
    told: list[Sequence[Path]] = []

    def before(paths: Sequence[Path]) -> None:
        assert not any(path.exists() for path in paths)
        told.append(paths)

    written = write_files(tmp_path / "signing", [identity()], [profile()], before=before)
    ((folder, *files),) = told
    assert folder == written.folder
    assert set(files) == set(written.folder.iterdir())


def test_a_folder_that_is_there_is_not_told(tmp_path: Path) -> None:
    told: list[Path] = []
    write_files(tmp_path, [identity()], [], before=told.extend)
    assert tmp_path not in told


def test_the_p12_is_in_the_form_that_macos_takes(tmp_path: Path) -> None:
    written = write_files(tmp_path, [identity()], [], "pass word")
    assert written.password == "pass word"
    arguments = ("pkcs12", "-legacy", "-info", "-nokeys", "-passin", "pass:pass word")
    said = openssl(*arguments, "-in", str(written.identities[0].p12), everything=True).decode()
    assert "MAC: sha1" in said and "pbeWithSHA1And3-KeyTripleDES-CBC" in said and "PBES2" not in said


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_password_there_is_a_random_one(tmp_path: Path, given: str | None) -> None:
    first = write_files(tmp_path / "1", [identity()], [], given)
    second = write_files(tmp_path / "2", [identity()], [], given)
    assert first.password != second.password
    assert read_p12(first.identities[0].p12.read_bytes(), first.password).key
    assert first.password not in repr(first)
    assert first.password not in (first.folder / MANIFEST).read_text()


def test_a_password_that_security_would_not_take_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_files(tmp_path, [identity()], [], "Grüße")
    assert "outside ASCII" in caplog.text and "Grüße" not in caplog.text


def test_the_manifest(tmp_path: Path) -> None:
    written = write_files(tmp_path, [identity()], [profile()])
    certificate = identity().certificate
    assert json.loads((written.folder / MANIFEST).read_text("utf-8")) == {
        "version": 1,
        "identities": [
            {
                "id": "E7P4EE896K",
                "type": "distribution",
                "name": f"Apple Distribution: Example Ltd ({TEAM})",
                "sha1": certificate.sha1,
                "sha256": certificate.sha256,
                "team": TEAM,
                "expires": "2027-04-21T12:00:00Z",
                "p12": str(tmp_path / "distribution_E7P4EE896K.p12"),
            }
        ],
        "profiles": [
            {
                "bundle_id": "com.example.app",
                "type": "app-store",
                "platform": "ios",
                "name": "match AppStore com.example.app",
                "uuid": UUID,
                "path": str(tmp_path / "AppStore_com.example.app.mobileprovision"),
                "expires": "2027-04-01T00:00:00Z",
                "certificates": [certificate.sha1],
                "devices": 2,
            }
        ],
    }


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="File exists"):
        write_files(tmp_path / "file", [identity()], [])


# ExportOptions.plist


def options(folder: Path, name: str = "ExportOptions.plist") -> dict[str, object]:
    return dict(plistlib.loads((folder / name).read_bytes()))


def test_export_options(tmp_path: Path) -> None:
    write_files(tmp_path, [identity(1), identity()], [profile(), profile("com.example.app.widget", "W")])
    assert options(tmp_path) == {
        "method": "app-store-connect",
        "signingStyle": "manual",
        "teamID": TEAM,
        "signingCertificate": identity().certificate.sha1,
        "provisioningProfiles": {"com.example.app": UUID, "com.example.app.widget": "W"},
    }


def test_each_type_and_platform_has_a_file_of_its_own(tmp_path: Path) -> None:
    profiles = [
        profile(),
        profile(kind=ProfileType.AD_HOC),
        profile(platform=Platform.MACOS, uuid="M"),
    ]
    written = write_files(tmp_path, [identity()], profiles)
    assert [each.path.name for each in written.export_options] == [
        "ExportOptions.plist",
        "ExportOptions-ad-hoc-ios.plist",
        "ExportOptions-app-store-macos.plist",
    ]
    assert options(tmp_path, "ExportOptions-ad-hoc-ios.plist")["method"] == "release-testing"
    assert options(tmp_path, "ExportOptions-app-store-macos.plist")["provisioningProfiles"] == {
        "com.example.app": "M"
    }


def test_the_names_of_methods_are_those_of_xcode_15_3() -> None:
    assert set(METHODS.values()) == {
        "app-store-connect",
        "release-testing",
        "debugging",
        "enterprise",
        "developer-id",
    }


def test_the_installer_certificate_of_the_mac_app_store(tmp_path: Path) -> None:
    installer = identity(
        1, "3rd Party Mac Developer Installer: E", CertificateType.MAC_INSTALLER_DISTRIBUTION, "I"
    )
    write_files(tmp_path, [identity(), installer], [profile(platform=Platform.MACOS)])
    assert options(tmp_path)["installerSigningCertificate"] == installer.certificate.sha1


def test_the_mapping_has_names_and_fastlane_its_variables(tmp_path: Path) -> None:
    written = write_files(tmp_path, [identity()], [profile(), profile("t", "T", platform=Platform.TVOS)])
    assert profile_mapping(written.profiles) == {
        "com.example.app": "match AppStore com.example.app",
        "t": "match AppStore t",
    }
    base, installed = "sigh_com.example.app_appstore", tmp_path / "there"
    variables = fastlane_environment(written.profiles, {UUID: installed})
    assert {name: value for name, value in variables.items() if name.startswith(base)} == {
        base: UUID,
        f"{base}_team-id": TEAM,
        f"{base}_certificate-name": f"Apple Distribution: Example Ltd ({TEAM})",
        f"{base}_profile-name": "match AppStore com.example.app",
        f"{base}_profile-path": str(installed),
    }
    assert variables["sigh_t_appstore_tvos_profile-path"] == str(tmp_path / "AppStore_t_tvos.mobileprovision")


# Names


def test_names_that_are_taken_get_a_number() -> None:
    same = [profile(), profile("COM.example.App"), profile()]
    assert profile_names(same) == [
        "AppStore_com.example.app.mobileprovision",
        "AppStore_COM.example.App-2.mobileprovision",
        "AppStore_com.example.app-3.mobileprovision",
    ]
    assert profile_names([profile(platform=Platform.CATALYST)]) == [
        "AppStore_com.example.app_catalyst.provisionprofile"
    ]
    assert p12_names([identity(), identity()]) == [
        "distribution_E7P4EE896K.p12",
        "distribution_E7P4EE896K-2.p12",
    ]


@pytest.mark.parametrize(
    "evil", ["../../x", "/etc/passwd", "a\0b", "-rf", "..", "a\\b", "x" * 999, "\udc80", "⁄"]
)
def test_no_bundle_id_leaves_the_folder(tmp_path: Path, evil: str) -> None:
    folder = tmp_path / "signing"
    with contextlib.suppress(InstallError):
        written = write_files(folder, [], [hostile(evil)])
        assert written.profiles[0].path.parent == folder
    assert {path.name for path in tmp_path.iterdir()} <= {"signing"}


@given(st.text())
def test_a_safe_name_is_one_part_of_a_path(text: str) -> None:
    name = safe_name(text)
    assert name and not name.startswith((".", "-")) and len(name.encode()) <= 200
    assert not set(name) & set('/\\\0\n":<>|*?')
