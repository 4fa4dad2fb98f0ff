"""sync-signing when something goes wrong in between: no key is lost, and no second certificate made."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asc.identity.keys import key_pem
from asc.signing.sync import identities
from asc.signing.vault.encryption import decrypt
from asc_sandbox.authority.kinds import Limits
from asc_sandbox.server import Sandbox
from core.signing import (
    APP,
    BOTH,
    PASSPHRASE,
    WRITES,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    folder_store,
    git_store,
    identity_of,
    profiles_at_apple,
    refuse_pushes,
    start,
    step,
    take_pushes_again,
    team,
)
from support.clock import QuickClock
from support.job_log import parse_file_command
from support.sandbox import key as role_key
from support.waiting import LONGEST, wait_until

LATENCY = 0.02
"""Seconds by which each request is held up, so that a kill comes between two of them."""


def once(sandbox: Sandbox, is_time: Callable[[], bool], event: Callable[[], object]) -> QuickClock:
    """Return a clock for a step, in one of whose pauses something happens: in the first when it is time for that."""
    happened: list[object] = []

    def at_pause() -> None:
        if not happened and is_time():
            happened.append(event())

    return QuickClock(sandbox, at_pause=at_pause)


class TestALostAnswer:
    def test_to_the_order_of_a_certificate_makes_no_second_one(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(faults=["POST /v1/certificates lost"]) as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert_one_certificate_with_its_key(sandbox, store)
            assert calls(sandbox, "POST").count("POST /v1/certificates") == 1

    def test_to_an_order_that_apple_is_still_at_makes_no_second_one(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(faults=["POST /v1/certificates reset"]) as sandbox:
            ours = a_key(100)  # the first that the step makes
            clock = once(
                sandbox,
                lambda: calls(sandbox).count("GET /v1/certificates") >= 2,
                lambda: at_apple(sandbox, ours),
            )
            done = step(tmp_path, sandbox, store, clock=clock)
            assert done.code == 0, done.stdout
            assert_one_certificate_with_its_key(sandbox, store)
            assert calls(sandbox, "POST").count("POST /v1/certificates") == 1

    def test_to_the_order_of_a_profile_makes_no_second_one(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(faults=["POST /v1/profiles lost"]) as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert calls(sandbox, "POST").count("POST /v1/profiles") == 1
            (profile,) = sandbox.world.all("profiles")
            assert [each.uuid for each in store.profiles().values()] == [profile.attributes["uuid"]]

    def test_to_a_registered_bundle_id(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(bundle_ids=[]), faults=["POST /v1/bundleIds lost"]) as sandbox:
            done = step(tmp_path, sandbox, store, {"register-bundle-ids": "true"})
            assert done.code == 0, done.stdout
            assert [each.attributes["identifier"] for each in sandbox.world.all("bundleIds")] == [APP]

    def test_that_never_reached_apple_is_sent_again(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(faults=["POST /v1/certificates reset", "POST /v1/profiles reset"]) as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert_one_certificate_with_its_key(sandbox, store)
            assert len(sandbox.world.all("profiles")) == 1

    def test_again_and_again_is_not_answered_by_new_certificates(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        faults = ["POST /v1/certificates lost", "GET /v1/certificates status=503 after=1 times=always"]
        with apple(faults=faults) as sandbox:
            done = step(tmp_path, sandbox, store, {"retry-for": "1s"})
            assert done.code != 0
            assert len(certificates(sandbox)) == 1
            assert len(store.pending()) == 1, "its key is not lost"
        assert "::error" in done.stdout

    def test_when_apple_is_back_the_next_run_goes_on(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        faults = ["POST /v1/certificates lost", "GET /v1/certificates status=503 after=1 times=3"]
        with apple(faults=faults) as sandbox:
            assert step(tmp_path, sandbox, store, {"retry-for": "0s"}).code != 0
            done = step(tmp_path, sandbox, store, {"retry-for": "20s"})
            assert done.code == 0, done.stdout
            assert_one_certificate_with_its_key(sandbox, store)
            assert "Continuing" in done.stdout


REQUESTS = 6
"""As many as a first sync of two apps takes."""


class TestKilled:
    @pytest.mark.parametrize("after", range(REQUESTS + 1))
    def test_after_any_request_the_next_run_finishes(self, tmp_path: Path, after: int) -> None:
        store = git_store(tmp_path) if after % 2 else folder_store(tmp_path)
        with apple(latency=LATENCY) as sandbox:
            process = start(tmp_path, sandbox, store, BOTH)
            try:
                wait_until(lambda: len(sandbox.requests) >= after or process.poll() is not None)
                os.kill(process.pid, signal.SIGKILL)
                assert process.wait(LONGEST) in (-signal.SIGKILL, 0)
            finally:
                process.kill()
                process.wait()
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code == 0, done.stdout
            # A key that Apple was never asked to certify may lie there for a day: its run might be under way.
            assert_one_certificate_with_its_key(sandbox, store, aside=1)
            assert {each.uuid for each in store.profiles().values()} == {
                each.attributes["uuid"] for each in sandbox.world.all("profiles")
            }
            assert len(sandbox.world.all("profiles")) == 2
            writes, files = calls(sandbox, *WRITES), store.files()
            assert step(tmp_path, sandbox, store, BOTH).code == 0
            assert (calls(sandbox, *WRITES), store.files()) == (writes, files), "a third run changes nothing"


class TestTwoJobsAtOnce:
    @pytest.mark.parametrize("limit", [3, 1])
    @pytest.mark.parametrize("git", [True, False], ids=["git", "folder"])
    def test_end_with_one_certificate_and_both_succeed(self, tmp_path: Path, git: bool, limit: int) -> None:
        store = git_store(tmp_path) if git else folder_store(tmp_path)
        homes = [tmp_path / "one", tmp_path / "two"]
        limits = Limits(certificates={"DISTRIBUTION": limit})
        with apple(latency=LATENCY, limits=limits) as sandbox:
            processes = []
            for home in homes:
                home.mkdir()
                processes.append(start(home, sandbox, store, BOTH))
            codes = [process.wait(60) for process in processes]
            logs = "\n".join((home / "step.log").read_text() for home in homes)
            assert codes == [0, 0], logs
            identity = assert_one_certificate_with_its_key(sandbox, store)
            outputs = [parse_file_command((home / "step.output").read_text()) for home in homes]
            assert [each["certificate-id"] for each in outputs] == [identity.certificate_id] * 2
            uuids = {each.uuid for each in store.profiles().values()}
            active = set(profiles_at_apple(sandbox).values())
            assert uuids == active, logs
            writes = calls(sandbox, *WRITES)
            assert step(tmp_path, sandbox, store, BOTH).code == 0
            assert calls(sandbox, *WRITES) == writes, "all is in order afterwards"

    def test_that_renew_a_certificate_at_its_limit_end_with_one_more(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        homes = [tmp_path / "one", tmp_path / "two"]
        with apple(latency=LATENCY, limits=Limits(certificates={"DISTRIBUTION": 2})) as sandbox:
            old = at_apple(sandbox, a_key(), days=3)
            store.put(identity_of(old, a_key()))
            for home in homes:
                home.mkdir()
            processes = [start(home, sandbox, store, BOTH) for home in homes]
            codes = [process.wait(60) for process in processes]
            assert codes == [0, 0], "\n".join((home / "step.log").read_text() for home in homes)
            (new,) = (each for each in store.identities() if each.certificate_id != old.id)
            assert sorted(certificates(sandbox)) == sorted([old.id, new.certificate_id])
            assert store.pending() == []
            outputs = [parse_file_command((home / "step.output").read_text()) for home in homes]
            assert [each["certificate-id"] for each in outputs] == [new.certificate_id] * 2


class TestAStorageThatRefuses:
    def test_from_the_start_nothing_is_made(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        refuse_pushes(store, after=0)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code != 0
            assert calls(sandbox, *WRITES) == []
        assert "::error" in done.stdout

    def test_after_the_certificate_was_made_the_key_is_kept_and_handed_over(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        refuse_pushes(store, after=1)
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code != 0
            (identifier,) = certificates(sandbox)
            assert identifier in done.error
            path = Path(done.outputs["unsaved-key-path"])
            assert path.is_absolute() and str(path) in done.error
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700
            handed_over = decrypt(path.read_bytes(), PASSPHRASE, lambda _: True, "the key")
            (pending,) = store.pending()
            assert store.opened()[pending] == handed_over
            assert b"PRIVATE KEY" in handed_over
            assert done.outputs["changed"] == "true"

            take_pushes_again(store)
            again = step(tmp_path, sandbox, store)
            assert again.code == 0, again.stdout
            identity = assert_one_certificate_with_its_key(sandbox, store)
            assert identity.certificate_id == identifier
            assert key_pem(identity.key) == handed_over
            assert calls(sandbox, "POST").count("POST /v1/certificates") == 1

    def test_the_copy_of_the_key_opens_with_the_same_passphrase_as_the_storage(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, {"type": "development", "bundle-ids": None}).code == 0
            refuse_pushes(store, after=1)
            done = step(tmp_path, sandbox, store, {"passphrase": f"{PASSPHRASE}\n"})
            assert done.code != 0
        copy = Path(done.outputs["unsaved-key-path"]).read_bytes()
        assert b"PRIVATE KEY" in decrypt(copy, PASSPHRASE, lambda _: True, "the key")

    def test_for_the_profiles_the_next_run_takes_over_those_that_were_made(self, tmp_path: Path) -> None:
        store = git_store(tmp_path)
        refuse_pushes(store, after=2)
        with apple() as sandbox:
            assert step(tmp_path, sandbox, store, BOTH).code != 0
            made = profiles_at_apple(sandbox)
            assert len(made) == 2
            take_pushes_again(store)
            writes = calls(sandbox, *WRITES)
            assert step(tmp_path, sandbox, store, BOTH).code == 0
            assert calls(sandbox, *WRITES) == writes
            assert {each.uuid for each in store.profiles().values()} == set(made.values())

    def test_where_the_copy_cannot_be_written_the_error_still_says_where_the_key_is(
        self, tmp_path: Path
    ) -> None:
        store = git_store(tmp_path)
        refuse_pushes(store, after=1)
        blocked = tmp_path / "blocked"
        blocked.write_text("a file where the folder should be")
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, {"output-directory": str(blocked)})
            assert done.code != 0
            assert "pending/" in done.error
            assert str(blocked) not in done.error
            assert done.outputs.get("unsaved-key-path", "") == ""
            assert len(store.pending()) == 1


class TestAppleRefuses:
    def test_the_limit_is_explained_and_names_the_certificates_that_there_are(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(limits=Limits(certificates={"DISTRIBUTION": 2})) as sandbox:
            there = [at_apple(sandbox, a_key(number)).id for number in range(2)]
            done = step(tmp_path, sandbox, store)
            assert done.code != 0
            assert certificates(sandbox) == there
        assert "DISTRIBUTION" in done.error
        assert all(each in done.error for each in there)
        assert "certificate-ids" in done.error and "mode: import" in done.error
        assert store.pending() == [], "a key that Apple certified nowhere is of no use"

    def test_a_job_waits_as_long_as_another_one_s_key_is_put_aside(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Given a job that has the last certificate and is slow to store it, when another comes, then it takes that."""
        store = folder_store(tmp_path).put_aside(a_key(7))
        looks: list[int] = []
        newly_stored = identities.IdentityMaker._newly_stored

        def counting(maker: Any, files: Any) -> Any:
            looks.append(1)
            if len(looks) == 2 * identities.POLLS_AFTER_LIMIT:
                store.put(identity_of(certificate, a_key()))
            return newly_stored(maker, files)

        monkeypatch.setattr(identities.IdentityMaker, "_newly_stored", counting)
        with apple(limits=Limits(certificates={"DISTRIBUTION": 1})) as sandbox:
            certificate = at_apple(sandbox, a_key())
            done = step(tmp_path, sandbox, store)
            assert done.code == 0, done.stdout
            assert certificates(sandbox) == [certificate.id]
        assert len(looks) > 2 * identities.POLLS_AFTER_LIMIT

    def test_a_place_that_becomes_free_at_the_last_moment_loses_no_key(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(
            limits=Limits(certificates={"DISTRIBUTION": 1}),
            faults=[
                "POST /v1/certificates lost after=1",
                "GET /v1/certificates status=503 after=2 times=always",
            ],
        ) as sandbox:
            other = at_apple(sandbox, a_key())
            clock = once(sandbox, lambda: bool(calls(sandbox, "POST")), lambda: sandbox.world.remove(other))
            done = step(tmp_path, sandbox, store, {"retry-for": "0s"}, clock=clock)
            assert done.code != 0
            assert calls(sandbox, "POST") == ["POST /v1/certificates"] * 2
            assert len(certificates(sandbox)) == 1
            assert len(store.pending()) == 1, "the certificate was made: its key must be there"

    def test_a_role_that_may_not_is_named(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(team(keys=[role_key("DEVELOPER1", role="DEVELOPER")])) as sandbox:
            done = step(tmp_path, sandbox, store)
            assert done.code != 0
            assert certificates(sandbox) == []
        assert "403" in done.error or "role" in done.error.lower()
        assert store.pending() == []

    def test_developer_id_is_for_the_account_holder(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        inputs = {"type": "developer-id", "platform": "macos"}
        with apple() as sandbox:
            done = step(tmp_path, sandbox, store, inputs)
            assert done.code != 0
        assert "account holder" in done.error
        assert "mode: import" in done.error
        assert store.pending() == []

    def test_one_profile_the_others_are_stored(self, tmp_path: Path) -> None:
        store = folder_store(tmp_path)
        with apple(faults=["POST /v1/profiles status=403"]) as sandbox:
            done = step(tmp_path, sandbox, store, BOTH)
            assert done.code != 0
            assert "/v1/profiles" in done.error
            assert len(store.profiles()) == 1
            kept = next(iter(store.profiles().values())).uuid
            again = step(tmp_path, sandbox, store, BOTH)
            assert again.code == 0
            assert len(store.profiles()) == 2
            assert kept in {each.uuid for each in store.profiles().values()}


class TestAStoredKeyThatIsDamaged:
    """One byte of it has changed. Apple allows few certificates: none is made in its place unless that is asked for."""

    @staticmethod
    def damage_the_key(store: Any) -> None:
        (path,) = (store.path / "certs/distribution").glob("*.p12")
        content = bytearray(path.read_bytes())
        content[60] = ord("A") if content[60] != ord("A") else ord("B")
        path.write_bytes(content)

    def test_is_named_by_read_only_which_does_not_call_it_missing(self, tmp_path: Path) -> None:
        with apple(team()) as sandbox:
            store = folder_store(tmp_path)
            assert step(tmp_path, sandbox, store).code == 0
            self.damage_the_key(store)
            done = step(tmp_path, sandbox, store, {"mode": "read-only"})
        assert done.code == 1
        assert "distribution certificate" in done.error
        assert "Restore the damaged files" in done.error

    @pytest.mark.parametrize("mode", ["plan", "sync"])
    def test_fails_the_other_modes_and_costs_no_certificate(self, tmp_path: Path, mode: str) -> None:
        with apple(team()) as sandbox:
            store = folder_store(tmp_path)
            assert step(tmp_path, sandbox, store).code == 0
            self.damage_the_key(store)
            before = certificates(sandbox)
            done = step(tmp_path, sandbox, store, {"mode": mode})
            assert (done.code, certificates(sandbox)) == (1, before)
            assert "it cannot be used" in done.error and "if-revoked: replace" in done.error

    def test_is_replaced_where_that_is_asked_for(self, tmp_path: Path) -> None:
        with apple(team()) as sandbox:
            store = folder_store(tmp_path)
            assert step(tmp_path, sandbox, store).code == 0
            self.damage_the_key(store)
            assert step(tmp_path, sandbox, store, {"if-revoked": "replace"}).code == 0
            assert len(certificates(sandbox)) == 2
            assert step(tmp_path, sandbox, store, {"mode": "read-only"}).code == 0
