"""sync-signing for all types and platforms, and with files in the store that are of no use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asc.provisioning.kinds import CertificateType
from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    WIDGET,
    WRITES,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    device,
    folder_store,
    identity_of,
    profiles_at_apple,
    step,
    stored_profile,
    team,
)
from support.sandbox import key

MAC = {**device("1" * 36, "A Mac", platform="MAC_OS", deviceClass="MAC"), "id": "MAC"}
TV = {**device("2" * 40, "A TV", deviceClass="APPLE_TV"), "id": "TV"}
PHONES = device("3" * 40)


def certificate_types(sandbox: Sandbox) -> list[str]:
    return sorted(each.attributes["certificateType"] for each in sandbox.world.all("certificates"))


@pytest.mark.parametrize(
    ("kind", "platform", "certificate", "profile", "file"),
    [
        ("app-store", "tvos", "DISTRIBUTION", "TVOS_APP_STORE", f"AppStore_{APP}_tvos.mobileprovision"),
        ("app-store", "macos", "DISTRIBUTION", "MAC_APP_STORE", f"AppStore_{APP}.provisionprofile"),
        (
            "app-store",
            "catalyst",
            "DISTRIBUTION",
            "MAC_CATALYST_APP_STORE",
            f"AppStore_{APP}_catalyst.provisionprofile",
        ),
        ("app-store", "visionos", "DISTRIBUTION", "IOS_APP_STORE", f"AppStore_{APP}.mobileprovision"),
        ("ad-hoc", "tvos", "DISTRIBUTION", "TVOS_APP_ADHOC", f"AdHoc_{APP}_tvos.mobileprovision"),
        ("development", "macos", "DEVELOPMENT", "MAC_APP_DEVELOPMENT", f"Development_{APP}.provisionprofile"),
        (
            "developer-id",
            "macos",
            "DEVELOPER_ID_APPLICATION",
            "MAC_APP_DIRECT",
            f"Direct_{APP}.provisionprofile",
        ),
    ],
)
def test_each_type_and_platform(
    tmp_path: Path, kind: str, platform: str, certificate: str, profile: str, file: str
) -> None:
    store = folder_store(tmp_path)
    inputs = {"type": kind, "platform": platform}
    holder = [key("HOLDER0001", role="ACCOUNT_HOLDER")]
    with apple(team(keys=holder, devices=[MAC, TV, PHONES])) as sandbox:
        done = step(tmp_path, sandbox, store, inputs)
        assert done.code == 0, done.stdout
        assert certificate_types(sandbox) == [certificate]
        assert [each.attributes["profileType"] for each in sandbox.world.all("profiles")] == [profile]
        assert list(store.profiles()) == [file]
        facts = json.loads(done.outputs["profiles"])[APP]
        assert facts["type"] == kind
        assert facts["uuid"] in profiles_at_apple(sandbox).values()
        writes = calls(sandbox, *WRITES)
        again = step(tmp_path, sandbox, store, inputs)
        assert (again.code, again.outputs["changed"]) == (0, "false")
        assert calls(sandbox, *WRITES) == writes
    assert step(tmp_path, None, store, {**inputs, "mode": "read-only"}).code == 0


def test_a_team_of_the_enterprise_program(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple(team(keys=[key("INHOUSE001", in_house=True)])) as sandbox:
        done = step(tmp_path, sandbox, store, {"type": "enterprise"})
        assert done.code == 0, done.stdout
        assert certificate_types(sandbox) == ["IOS_DISTRIBUTION"]
        assert list(store.profiles()) == [f"InHouse_{APP}.mobileprovision"]
        assert step(tmp_path, sandbox, store, {"type": "enterprise"}).outputs["changed"] == "false"


@pytest.mark.parametrize("mode", ["sync", "plan", "revoke"])
@pytest.mark.parametrize(("in_house", "kind"), [(False, "enterprise"), (True, "app-store")])
def test_a_type_of_the_other_program_is_told_before_anything_is_made(
    tmp_path: Path, in_house: bool, kind: str, mode: str
) -> None:
    store = folder_store(tmp_path)
    with apple(team(keys=[key("INHOUSE001", in_house=in_house)])) as sandbox:
        done = step(tmp_path, sandbox, store, {"type": kind, "mode": mode})
        assert done.code == 2
        assert "Enterprise Program" in done.error and "in_house" in done.error
        assert calls(sandbox) == []


def test_an_installer_certificate_besides(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    inputs = {"platform": "macos", "additional-certificates": "mac-installer-distribution"}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, inputs)
        assert done.code == 0, done.stdout
        assert certificate_types(sandbox) == ["DISTRIBUTION", "MAC_INSTALLER_DISTRIBUTION"]
        assert done.outputs["certificate-name"].startswith("Apple Distribution: ")
        assert len(list((tmp_path / "signing").glob("*.p12"))) == 2
        assert step(tmp_path, sandbox, store, inputs).outputs["changed"] == "false"


def test_a_certificate_that_the_api_cannot_make_is_to_be_imported(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"additional-certificates": "developer-id-installer"})
        assert done.code == 1
        assert "API" in done.error and "mode: import" in done.error
        assert calls(sandbox, *WRITES) == []


@pytest.mark.parametrize(
    "inputs",
    [{"bundle-ids": f"{APP}, {APP}"}, {"type": "app-store, app-store"}, {"platform": "ios, visionos"}],
    ids=["bundle id", "type", "platforms with the same profile"],
)
def test_what_is_named_twice_is_made_once(tmp_path: Path, inputs: dict[str, str]) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, inputs)
        assert done.code == 0, done.stdout
        assert len(sandbox.requests) == 7
        assert_one_certificate_with_its_key(sandbox, store)
        assert len(profiles_at_apple(sandbox)) == 1
        assert len(list((tmp_path / "signing").glob("*.mobileprovision"))) == 1
        assert step(tmp_path, sandbox, store, inputs).outputs["changed"] == "false"


def test_several_platforms_in_one_step(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    inputs = {"platform": "ios, macos, tvos"}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, inputs)
        assert done.code == 0, done.stdout
        assert len(certificates(sandbox)) == 1
        assert len(store.profiles()) == 3
        assert step(tmp_path, sandbox, store, inputs).outputs["changed"] == "false"


class TestAFileOfNoUse:
    @pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "nonsense", "cut off"])
    def test_a_profile_is_told_and_taken_from_apple_again(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        store = folder_store(tmp_path)
        both = {"bundle-ids": f"{APP}\n{WIDGET}"}
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, both).code == 0
            before = {name: profile.uuid for name, profile in store.profiles().items()}
            path = f"profiles/appstore/AppStore_{APP}.mobileprovision"
            store.write({path: store.files()[path][:100] if content is None else content})
            read = step(tmp_path, None, store, {"mode": "read-only", **both})
            assert read.code == 1
            assert path in read.error
            writes = calls(sandbox, *WRITES)
            done = step(tmp_path, sandbox, store, both)
            assert done.code == 0, done.stdout
            assert any(path in each for each in done.log.messages("warning"))
            assert calls(sandbox, *WRITES) == writes, "Apple has it still"
            assert {name: profile.uuid for name, profile in store.profiles().items()} == before

    def test_a_certificate_without_its_key_is_told(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            made = step(tmp_path, sandbox, store)
            path = f"certs/distribution/{made.outputs['certificate-id']}"
            (store.path / f"{path}.p12").unlink()
            read = step(tmp_path, None, store, {"mode": "read-only"})
            assert read.code == 1
            assert f"“{path}.cer” is a certificate without its private key" in read.error
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert done.outputs["certificate-id"] != made.outputs["certificate-id"]
            assert any(path in each for each in done.log.messages("warning"))
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"


def test_a_stored_developer_id_certificate_of_the_type_g2_is_used(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        record = at_apple(sandbox, a_key(), "DEVELOPER_ID_APPLICATION_G2")
        store.put(identity_of(record, a_key(), CertificateType.DEVELOPER_ID_APPLICATION))
        done = step(tmp_path, sandbox, store, {"type": "developer-id", "platform": "macos"})
        assert done.code == 0, done.stdout
        assert certificates(sandbox) == [record.id]


def test_a_stored_profile_with_a_comma_in_its_name_is_found_at_apple(tmp_path: Path) -> None:
    store, name = folder_store(tmp_path), "Acme, Inc. Store"
    with apple() as sandbox:
        record = at_apple(sandbox, a_key())
        identity = identity_of(record, a_key())
        profile = stored_profile(identity.certificate, name=name)
        store.put(identity, profile)
        about = {"name": name, "profileType": "IOS_APP_STORE", "uuid": profile.profile.uuid}
        sandbox.world.add("profiles", about, {"bundleId": "BUNDLE0000", "certificates": [record.id]})
        done = step(tmp_path, sandbox, store)
        assert (done.code, done.outputs["changed"]) == (0, "false"), done.stdout
        assert calls(sandbox, *WRITES) == []
