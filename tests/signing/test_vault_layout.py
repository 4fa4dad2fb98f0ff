"""match's tree as data: every path, name and type, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.errors import InputError
from asc.provisioning.kinds import (
    EXTRA_CERTIFICATE_TYPES,
    CertificateType,
    Platform,
    ProfileType,
    apple_certificate_types,
    apple_profile_type,
    apple_profile_types,
    from_apple_certificate_type,
)
from asc.signing.storage.names import problem
from asc.signing.vault.layout import (
    CertificateEntry,
    KeyEntry,
    ProfileEntry,
    VaultEntry,
    certificate_path,
    key_path,
    profile_path,
)
from asc.signing.vault.texts import commit_message, fastlane_names, profile_name, revoked_message, scaffold

T, P, C = ProfileType, Platform, CertificateType
APP = "com.example.app"

PROFILES = [
    (T.DEVELOPMENT, P.IOS, "profiles/development/Development_com.example.app.mobileprovision"),
    (T.DEVELOPMENT, P.TVOS, "profiles/development/Development_com.example.app_tvos.mobileprovision"),
    (T.DEVELOPMENT, P.MACOS, "profiles/development/Development_com.example.app.provisionprofile"),
    (T.DEVELOPMENT, P.CATALYST, "profiles/development/Development_com.example.app_catalyst.provisionprofile"),
    (T.AD_HOC, P.IOS, "profiles/adhoc/AdHoc_com.example.app.mobileprovision"),
    (T.AD_HOC, P.TVOS, "profiles/adhoc/AdHoc_com.example.app_tvos.mobileprovision"),
    (T.APP_STORE, P.IOS, "profiles/appstore/AppStore_com.example.app.mobileprovision"),
    (T.APP_STORE, P.TVOS, "profiles/appstore/AppStore_com.example.app_tvos.mobileprovision"),
    (T.APP_STORE, P.MACOS, "profiles/appstore/AppStore_com.example.app.provisionprofile"),
    (T.APP_STORE, P.CATALYST, "profiles/appstore/AppStore_com.example.app_catalyst.provisionprofile"),
    (T.ENTERPRISE, P.IOS, "profiles/enterprise/InHouse_com.example.app.mobileprovision"),
    (T.ENTERPRISE, P.TVOS, "profiles/enterprise/InHouse_com.example.app_tvos.mobileprovision"),
    (T.DEVELOPER_ID, P.MACOS, "profiles/developer_id/Direct_com.example.app.provisionprofile"),
    (T.DEVELOPER_ID, P.CATALYST, "profiles/developer_id/Direct_com.example.app_catalyst.provisionprofile"),
]


@pytest.mark.parametrize(("kind", "platform", "path"), PROFILES)
def test_profiles(kind: ProfileType, platform: Platform, path: str) -> None:
    assert profile_path(kind, APP, platform) == path
    assert VaultEntry.parse(path) == ProfileEntry(path, "", kind, APP, platform)
    assert profile_path(kind, APP, platform, "A1B2C3D4E5") == f"A1B2C3D4E5/{path}"


@pytest.mark.parametrize("bundle_id", ["*", "com.example.*", "com.example.my-app.widget2", "4you"])
@pytest.mark.parametrize(("kind", "platform", "path"), PROFILES)
def test_wildcards_and_unusual_bundle_ids(
    kind: ProfileType, platform: Platform, path: str, bundle_id: str
) -> None:
    found = VaultEntry.parse(profile_path(kind, bundle_id, platform))
    assert isinstance(found, ProfileEntry)
    assert (found.profile_type, found.bundle_id, found.platform) == (kind, bundle_id, platform)
    assert f"_{bundle_id}" in found.path


@pytest.mark.parametrize("kind", C)
def test_certificates_and_keys(kind: CertificateType) -> None:
    cer, p12 = certificate_path(kind, "E7P4EE896K"), key_path(kind, "E7P4EE896K")
    assert (cer, p12) == (f"certs/{kind}/E7P4EE896K.cer", f"certs/{kind}/E7P4EE896K.p12")
    assert VaultEntry.parse(cer) == CertificateEntry(cer, "", kind, "E7P4EE896K")
    assert VaultEntry.parse(p12) == KeyEntry(p12, "", kind, "E7P4EE896K")


def test_the_folders_are_matchs() -> None:
    assert [kind.value for kind in C] == [
        "development",
        "distribution",
        "enterprise",
        "developer_id_application",
        "mac_installer_distribution",
        "developer_id_installer",
    ]
    assert {kind: kind.certificate_type for kind in T} == {
        T.DEVELOPMENT: C.DEVELOPMENT,
        T.AD_HOC: C.DISTRIBUTION,
        T.APP_STORE: C.DISTRIBUTION,
        T.ENTERPRISE: C.ENTERPRISE,
        T.DEVELOPER_ID: C.DEVELOPER_ID_APPLICATION,
    }


def test_imported_certificates_keep_the_names_of_their_files() -> None:
    path = certificate_path(C.DISTRIBUTION, "Our certificate (2026)", "A1B2C3D4E5")
    assert VaultEntry.parse(path) == CertificateEntry(
        path, "A1B2C3D4E5", C.DISTRIBUTION, "Our certificate (2026)"
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "README.md",
        "match_version.txt",
        "certs/distribution",
        "certs/distribution/.cer",
        "certs/distribution/E7P4EE896K.pem",
        "certs/distribution/old/E7P4EE896K.cer",
        "certs/unknown/E7P4EE896K.cer",
        "certs/distribution/-rf.cer",
        "certs/distribution/../E7P4EE896K.cer",
        "../certs/distribution/E7P4EE896K.cer",
        "/certs/distribution/E7P4EE896K.cer",
        "team/certs/distribution/E7P4EE896K.cer",
        "a1b2c3d4e5/certs/distribution/E7P4EE896K.cer",
        "A1B2C3D4E5/A1B2C3D4E5/certs/distribution/E7P4EE896K.cer",
        "profiles/appstore/AdHoc_com.example.app.mobileprovision",
        "profiles/appstore/AppStore_.mobileprovision",
        "profiles/appstore/AppStore.mobileprovision",
        "profiles/appstore/AppStore_com.example.app.mobileprovision.bak",
        "profiles/appstore/AppStore_com example.mobileprovision",
        "profiles/appstore/com.example.app.mobileprovision",
        "profiles/app-store/AppStore_com.example.app.mobileprovision",
        "Profiles/appstore/AppStore_com.example.app.mobileprovision",
    ],
)
def test_what_match_would_not_look_for(path: str) -> None:
    assert VaultEntry.parse(path) is None


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "-rf", "a\\b", "a\nb", "a\0b"])
def test_hostile_names_make_no_path(name: str) -> None:
    with pytest.raises(InputError):
        certificate_path(C.DISTRIBUTION, name)
    with pytest.raises(InputError):
        key_path(C.DISTRIBUTION, name)
    if name not in (".", "..", "-rf"):  # those are harmless behind the prefix of the type
        with pytest.raises(InputError, match="bundle-ids"):
            profile_path(T.APP_STORE, name, P.IOS)


@given(st.text(max_size=40), st.sampled_from(T), st.sampled_from(P))
def test_a_path_is_refused_or_harmless_and_comes_back(
    name: str, kind: ProfileType, platform: Platform
) -> None:
    for make in (
        lambda: profile_path(kind, name, platform),
        lambda: certificate_path(kind.certificate_type, name),
    ):
        try:
            path = make()
        except InputError:
            continue
        found = VaultEntry.parse(path)
        assert found is not None and found.path == path
        assert path.count("/") == 2 and ".." not in path.split("/")


@given(st.text(max_size=60))
def test_parsing_raises_nothing(path: str) -> None:
    assert VaultEntry.parse(path) is None
    VaultEntry.parse(f"certs/distribution/{path}")
    VaultEntry.parse(f"profiles/appstore/AppStore_{path}")


def test_the_storage_takes_our_paths() -> None:
    paths = [path for _, _, path in PROFILES] + [profile_path(T.APP_STORE, "com.example.*", P.IOS)]
    assert not any(problem(path) for path in [*paths, *scaffold([]), certificate_path(C.ENTERPRISE, "ABC")])


def test_vision_os_shares_the_profiles_of_ios() -> None:
    for kind in (T.DEVELOPMENT, T.AD_HOC, T.APP_STORE, T.ENTERPRISE):
        assert profile_path(kind, APP, P.VISIONOS) == profile_path(kind, APP, P.IOS)
        assert apple_profile_type(kind, P.VISIONOS) == apple_profile_type(kind, P.IOS)
        assert profile_name(kind, APP, P.VISIONOS) == profile_name(kind, APP, P.IOS)


# Apple's words


def test_every_profile_type_of_apple_is_known() -> None:
    """The enumeration of the App Store Connect API 4.4.1."""
    apple = [
        "IOS_APP_DEVELOPMENT",
        "IOS_APP_STORE",
        "IOS_APP_ADHOC",
        "IOS_APP_INHOUSE",
        "MAC_APP_DEVELOPMENT",
        "MAC_APP_STORE",
        "MAC_APP_DIRECT",
        "TVOS_APP_DEVELOPMENT",
        "TVOS_APP_STORE",
        "TVOS_APP_ADHOC",
        "TVOS_APP_INHOUSE",
        "MAC_CATALYST_APP_DEVELOPMENT",
        "MAC_CATALYST_APP_STORE",
        "MAC_CATALYST_APP_DIRECT",
    ]
    assert {apple_profile_type(kind, platform) for kind, platform, _ in PROFILES} == set(apple)
    assert set(apple_profile_types()) == set(apple)


@pytest.mark.parametrize(
    ("kind", "platform"),
    [(T.AD_HOC, P.MACOS), (T.AD_HOC, P.CATALYST), (T.ENTERPRISE, P.MACOS), (T.DEVELOPER_ID, P.VISIONOS)],
)
def test_what_apple_has_no_profile_for(kind: ProfileType, platform: Platform) -> None:
    with pytest.raises(InputError, match=f"^type: there is no {kind} profile for {platform}"):
        apple_profile_type(kind, platform)


@pytest.mark.parametrize(
    ("kind", "platform", "in_house", "expected"),
    [
        (C.DEVELOPMENT, P.IOS, False, ("DEVELOPMENT", "IOS_DEVELOPMENT")),
        (C.DEVELOPMENT, P.VISIONOS, False, ("DEVELOPMENT", "IOS_DEVELOPMENT")),
        (C.DEVELOPMENT, P.CATALYST, False, ("DEVELOPMENT", "MAC_APP_DEVELOPMENT")),
        (C.DISTRIBUTION, P.TVOS, False, ("DISTRIBUTION", "IOS_DISTRIBUTION")),
        (C.DISTRIBUTION, P.MACOS, False, ("DISTRIBUTION", "MAC_APP_DISTRIBUTION")),
        (C.DISTRIBUTION, P.IOS, True, ("IOS_DISTRIBUTION",)),
        (C.ENTERPRISE, P.IOS, True, ("IOS_DISTRIBUTION",)),
        (
            C.DEVELOPER_ID_APPLICATION,
            P.MACOS,
            False,
            ("DEVELOPER_ID_APPLICATION", "DEVELOPER_ID_APPLICATION_G2"),
        ),
        (C.MAC_INSTALLER_DISTRIBUTION, P.MACOS, False, ("MAC_INSTALLER_DISTRIBUTION",)),
        (C.DEVELOPER_ID_INSTALLER, P.MACOS, False, ()),
    ],
)
def test_certificate_types(
    kind: CertificateType, platform: Platform, in_house: bool, expected: tuple[str, ...]
) -> None:
    assert apple_certificate_types(kind, platform, in_house=in_house) == expected
    for apple in expected:
        assert from_apple_certificate_type(apple, in_house=in_house) is (C.ENTERPRISE if in_house else kind)


def test_certificates_that_the_store_does_not_keep() -> None:
    assert from_apple_certificate_type("PASS_TYPE_ID") is None
    assert from_apple_certificate_type("SOMETHING_NEW") is None
    assert set(EXTRA_CERTIFICATE_TYPES) == {"mac-installer-distribution", "developer-id-installer"}


# fastlane's names


@pytest.mark.parametrize(
    ("kind", "platform", "name", "variable"),
    [
        (T.APP_STORE, P.IOS, "match AppStore com.example.app", "sigh_com.example.app_appstore"),
        (T.APP_STORE, P.TVOS, "match AppStore com.example.app tvos", "sigh_com.example.app_appstore_tvos"),
        (T.AD_HOC, P.IOS, "match AdHoc com.example.app", "sigh_com.example.app_adhoc"),
        (
            T.DEVELOPMENT,
            P.CATALYST,
            "match Development com.example.app catalyst",
            "sigh_com.example.app_development_catalyst",
        ),
        (T.ENTERPRISE, P.IOS, "match InHouse com.example.app", "sigh_com.example.app_enterprise"),
        (
            T.DEVELOPER_ID,
            P.MACOS,
            "match Direct com.example.app macos",
            "sigh_com.example.app_developer_id_macos",
        ),
    ],
)
def test_names(kind: ProfileType, platform: Platform, name: str, variable: str) -> None:
    assert profile_name(kind, APP, platform) == name
    names = fastlane_names(kind, APP, platform)
    assert (names.uuid, names.team_id) == (variable, f"{variable}_team-id")
    assert names.certificate_name == f"{variable}_certificate-name"
    assert (names.profile_name, names.profile_path) == (
        f"{variable}_profile-name",
        f"{variable}_profile-path",
    )


def test_commit_messages() -> None:
    assert commit_message([T.APP_STORE], [P.IOS]) == "[fastlane] Updated appstore and platform ios"
    assert commit_message([T.AD_HOC, T.APP_STORE, T.AD_HOC], [P.IOS, P.TVOS]) == (
        "[fastlane] Updated adhoc, appstore and platform ios, tvos"
    )
    assert revoked_message("appstore") == "[fastlane] Nuked files for appstore"


def test_a_new_store_says_what_it_is() -> None:
    files = scaffold([])
    assert set(files) == {"README.md", "match_version.txt"}
    assert files["match_version.txt"].decode().count(".") == 2 and not files["match_version.txt"].endswith(
        b"\n"
    )
    assert b"fastlane match" in files["README.md"]


def test_the_files_of_an_old_store_stay() -> None:
    assert scaffold(["README.md", "match_version.txt", "certs/x"]) == {}
