"""sync-signing finds what runs that were ended left: it is finished, or revoked and removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asc.identity.keys import key_pem
from asc.provisioning.certificates import create_certificate
from asc.signing.sync import identities
from asc_sandbox.server import Sandbox
from core.signing import (
    BOTH,
    WRITES,
    Store,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    folder_store,
    git_store,
    identity_of,
    refuse_pushes,
    start,
    step,
    take_pushes_again,
)


class TestAKeyPutAside:
    def test_whose_certificate_was_made_is_finished(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path).put_aside(a_key())
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            identity = assert_one_certificate_with_its_key(sandbox, store)
            assert identity.certificate_id == record.id
            assert key_pem(identity.key) == key_pem(a_key())

    def test_that_apple_never_saw_goes_after_a_day(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path).put_aside(a_key(), hours_ago=25).put_aside(a_key(1), hours_ago=1)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            assert_one_certificate_with_its_key(sandbox, store, aside=1)
            assert len(store.pending()) == 1, "the younger one may be that of a job under way"
            assert step(tmp_path, sandbox, store).outputs["changed"] == "false"

    def test_and_stored_meanwhile_goes_without_its_certificate(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            record = at_apple(sandbox, a_key())
            store.put(identity_of(record, a_key())).put_aside(a_key())
            assert step(tmp_path, sandbox, store).code == 0
            assert_one_certificate_with_its_key(sandbox, store)

    def test_with_a_certificate_that_lasts_longer_is_kept_for_the_renewal(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            old, new = at_apple(sandbox, a_key(), days=20), at_apple(sandbox, a_key(1), days=300)
            store.put(identity_of(old, a_key())).put_aside(a_key(1))
            assert step(tmp_path, sandbox, store).outputs["certificate-id"] == old.id
            assert certificates(sandbox) == [old.id, new.id]
            assert len(store.pending()) == 1
            done = step(tmp_path, sandbox, store, {"renew-before": "30d"})
            assert done.outputs["certificate-id"] == new.id, done.stdout
            assert certificates(sandbox) == [old.id, new.id]
            assert store.pending() == []


class Killed(BaseException):
    """The end of a process: nothing of ours runs after it."""


def killed(*_: object) -> None:
    raise Killed


def after_another_job(folder: Path, sandbox: Sandbox, store: Store) -> Callable[..., Any]:
    """`create_certificate` of a job that is overtaken by another one right before."""

    def create(*arguments: Any) -> Any:
        (folder / "other").mkdir()
        assert start(folder / "other", sandbox, store, BOTH).wait(60) == 0
        return create_certificate(*arguments)

    return create


class TestASurplusCertificate:
    @pytest.mark.parametrize("git", [True, False], ids=["git", "folder"])
    def test_of_a_loser_killed_before_it_revoked_is_revoked_by_the_next_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: bool
    ) -> None:
        store = git_store(tmp_path) if git else folder_store(tmp_path)
        with apple() as sandbox:
            with monkeypatch.context() as patched:
                patched.setattr(identities, "create_certificate", after_another_job(tmp_path, sandbox, store))
                patched.setattr(identities, "revoke_certificate", killed)
                with pytest.raises(Killed):
                    step(tmp_path, sandbox, store, BOTH)
            assert len(certificates(sandbox)) == 2
            assert len(store.pending()) == 1, "the means to finish"
            (stored,) = store.identities()
            planned = step(tmp_path, sandbox, store, {**BOTH, "mode": "plan"})
            assert "Would revoke the certificate" in planned.stdout
            assert len(certificates(sandbox)) == 2
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code == 0, done.stdout
            assert assert_one_certificate_with_its_key(sandbox, store).certificate_id == stored.certificate_id
            assert done.outputs["changed"] == "true"
            assert "a run that was ended made it" in done.summary
            writes = calls(sandbox, *WRITES)
            assert step(tmp_path, sandbox, store, BOTH).outputs["changed"] == "false"
            assert calls(sandbox, *WRITES) == writes

    def test_costs_no_request_besides_its_revocation_and_a_look_afterwards(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            step(tmp_path, sandbox, store)
            surplus = at_apple(sandbox, a_key(1))
            store.put_aside(a_key(1))
            asked = len(sandbox.requests)
            assert step(tmp_path, sandbox, store).code == 0
            made = calls(sandbox)[asked:]
            assert sorted(made) == [
                f"DELETE /v1/certificates/{surplus.id}",
                *("GET /v1/certificates", "GET /v1/certificates"),
                "GET /v1/profiles",
            ]
            assert_one_certificate_with_its_key(sandbox, store)

    @pytest.mark.parametrize("refuses", ["apple", "storage"])
    def test_that_cannot_be_cleared_is_told_and_no_failure(self, tmp_path: Path, refuses: str) -> None:
        store = git_store(tmp_path)
        faults = ["DELETE /v1/certificates/* status=403"] if refuses == "apple" else []
        with apple(faults=faults) as sandbox:
            assert step(tmp_path, sandbox, store).code == 0
            at_apple(sandbox, a_key(1))
            store.put_aside(a_key(1), hours_ago=25)
            if refuses == "storage":
                refuse_pushes(store, after=0)
            done = step(tmp_path, sandbox, store)
            # If only the storage refuses, the certificate is revoked already: that is a change at Apple.
            revoked = refuses == "storage"
            assert (done.code, done.outputs["changed"]) == (0, "true" if revoked else "false"), done.stdout
            assert ("a run that was ended made it" in done.summary) == revoked
            assert (len(certificates(sandbox)) == 1) == revoked
            assert any("could not be removed" in line for line in done.log.messages("warning"))
            if refuses == "storage":
                take_pushes_again(store)
            assert step(tmp_path, sandbox, store).outputs["changed"] == "true"
            assert_one_certificate_with_its_key(sandbox, store)

    def test_goes_with_its_key_in_the_mode_revoke(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple() as sandbox:
            at_apple(sandbox, a_key())
            store.put_aside(a_key()).put_aside(a_key(1))
            done = step(tmp_path, sandbox, store, {"mode": "revoke", "confirm": "1 certificate, 0 profiles"})
            assert done.code == 0, done.stdout
            assert certificates(sandbox) == []
            assert len(store.pending()) == 1, "the other key has no certificate that was revoked"
