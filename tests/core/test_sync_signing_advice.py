"""sync-signing gives advice that can be followed: individual keys, Developer ID, UDIDs in Apple's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.api.errors import read_errors
from asc.provisioning.kinds import CertificateType
from core.signing import READ_ONLY, a_key, apple, at_apple, folder_store, identity_of, step, team
from support.sandbox import key

DEVELOPER_ID = {"type": "developer-id", "platform": "macos"}
HOLDER = key("HOLDER0001", role="ACCOUNT_HOLDER")


def test_an_individual_key_is_told_that_certificates_need_a_team_key(tmp_path: Path) -> None:
    with apple(team(keys=[key("INDIVIDUAL", issuer=None)])) as sandbox:
        done = step(tmp_path, sandbox, folder_store(tmp_path))
    assert done.code == 1
    assert "individual key" in done.error and "create a team key" in done.error


@pytest.mark.parametrize("mode", ["sync", "read-only"])
def test_a_damaged_developer_id_key_is_not_told_to_be_replaced(tmp_path: Path, mode: str) -> None:
    store = folder_store(tmp_path)
    with apple(team(keys=[HOLDER])) as sandbox:
        record = at_apple(sandbox, a_key(), "DEVELOPER_ID_APPLICATION")
        store.put(identity_of(record, a_key(), CertificateType.DEVELOPER_ID_APPLICATION))
        (file,) = [path for path in store.files() if path.endswith(".p12")]
        store.write({file: store.files()[file][:-20]})
        done = step(tmp_path, sandbox, store, {**DEVELOPER_ID, "mode": mode})
    assert done.code == 1
    assert "mode: import" in done.error and "if-revoked" not in done.error


def test_a_developer_id_certificate_that_is_missing_is_not_told_to_be_made_by_sync(tmp_path: Path) -> None:
    done = step(tmp_path, None, folder_store(tmp_path), {**DEVELOPER_ID, **READ_ONLY})
    assert done.code == 1
    assert "account holder" in done.error and "mode: sync" not in done.error


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("A device with number '00008110-000A1B2C3D4E001E' already exists.", "'…001E'"),
        (f"A device with number '{'a1' * 20}' already exists.", "'…a1a1'"),
        ("A device with number '11111111-2222-3333-4444-555555555555' already exists.", "'…5555'"),
        (
            "An invalid value '11111111-2222-3333-4444-555555555555' was provided for the parameter 'udid'.",
            "'…5555'",
        ),
    ],
)
def test_a_udid_in_apples_words_is_cut_to_its_end(detail: str, shown: str) -> None:
    (error,) = read_errors({"errors": [{"title": "Conflict", "detail": detail}]})
    assert shown in error.detail
    assert len(error.detail) < len(detail) - 15


def test_an_id_in_apples_words_stays_whole() -> None:
    detail = "There is no resource of type 'buildUploads' with id '11111111-2222-3333-4444-555555555555'"
    (error,) = read_errors({"errors": [{"title": "Gone", "detail": detail}]})
    assert error.detail == detail
