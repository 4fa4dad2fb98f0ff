"""sync-signing against an App Store Connect that accepts a write and does not make it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.signing import (
    PAD,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    certificates,
    device,
    folder_store,
    identity_of,
    profiles_at_apple,
    step,
    team,
    uuids,
)

AD_HOC = {"type": "ad-hoc", "devices": f"A pad: {PAD}"}
REVOKE = {"mode": "revoke", "confirm": "1 certificate, 1 profile"}


@pytest.mark.parametrize(
    ("write", "stored"),
    [("POST /v1/certificates", 0), ("POST /v1/profiles", 1)],
    ids=["certificate", "profile"],
)
def test_a_certificate_or_profile_that_apple_does_not_list_is_not_stored(
    tmp_path: Path, write: str, stored: int
) -> None:
    store = folder_store(tmp_path)
    with apple(faults=[f"{write} ignored times=always"]) as sandbox:
        done = step(tmp_path, sandbox, store)
        assert (done.code, "list" in done.error) == (1, True), done.stdout
        assert (len(store.identities()), store.profiles()) == (stored, {})
        sandbox.end_faults()
        assert step(tmp_path, sandbox, store).code == 0
        assert len(certificates(sandbox)) == 1
        assert list(uuids(store).values()) == list(profiles_at_apple(sandbox).values())


@pytest.mark.parametrize("there", [[], [device(PAD, "A pad", status="DISABLED")]], ids=["register", "enable"])
def test_a_device_that_apple_does_not_list_ends_the_step_before_its_profile(
    tmp_path: Path, there: list[dict[str, object]]
) -> None:
    store = folder_store(tmp_path)
    write = "PATCH /v1/devices/*" if there else "POST /v1/devices"
    with apple(team(devices=there), faults=[f"{write} ignored times=always"]) as sandbox:
        done = step(tmp_path, sandbox, store, AD_HOC)
        assert (done.code, "A pad" in done.error, certificates(sandbox)) == (1, True, []), done.stdout
        sandbox.end_faults()
        assert step(tmp_path, sandbox, store, AD_HOC).code == 0
        (profile,) = store.profiles().values()
        assert list(profile.devices) == [PAD]


@pytest.mark.parametrize("kind", ["certificates", "profiles"])
def test_files_stay_in_the_storage_as_long_as_apple_lists_their_certificate_or_profile(
    tmp_path: Path, kind: str
) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        step(tmp_path, sandbox, store)
        sandbox.add_fault(f"DELETE /v1/{kind}/* ignored times=always")
        done = step(tmp_path, sandbox, store, REVOKE)
        assert (done.code, "Apple accepted" in done.error) == (1, True), done.stdout
        left = (len(store.identities()), len(store.profiles()))
        assert left == (len(certificates(sandbox)), len(profiles_at_apple(sandbox)))
        sandbox.end_faults()
        rest = "1 certificate, 0 profiles" if kind == "certificates" else "1 certificate, 1 profile"
        assert step(tmp_path, sandbox, store, {**REVOKE, "confirm": rest}).code == 0
        assert (certificates(sandbox), profiles_at_apple(sandbox), store.identities()) == ([], {}, ())


def test_the_key_of_a_surplus_certificate_stays_as_long_as_apple_lists_that(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    with apple() as sandbox:
        kept, _ = at_apple(sandbox, a_key()), at_apple(sandbox, a_key(1))
        store.put(identity_of(kept, a_key())).put_aside(a_key(1))
        sandbox.add_fault("DELETE /v1/certificates/* ignored times=always")
        done = step(tmp_path, sandbox, store)
        assert (done.code, len(store.pending())) == (0, 1), done.stdout
        assert "still lists it" in "".join(done.log.messages("warning"))
        sandbox.end_faults()
        assert step(tmp_path, sandbox, store).code == 0
        assert_one_certificate_with_its_key(sandbox, store)
