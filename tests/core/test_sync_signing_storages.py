"""sync-signing with buckets and GitLab's secure files: the same as with a folder or a repository."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from asc.signing.vault.encryption import version_of
from core.running import Done
from core.signing import (
    APP,
    BOTH,
    READ_ONLY,
    WIDGET,
    WRITES,
    Store,
    a_key,
    apple,
    assert_one_certificate_with_its_key,
    at_apple,
    calls,
    certificates,
    folder_store,
    identity_of,
    profiles_at_apple,
    start,
    step,
    stored_profile,
)
from signing.storage import azure_server, places
from signing.storage.places import Place
from support.job_log import parse_file_command

GIVEN: Mapping[str, dict[str, str]] = {
    "s3": {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
    "az": {"AZURE_STORAGE_ACCOUNT_NAME": azure_server.ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": azure_server.KEY},
}
"""What a workflow has in its environment."""


@dataclass
class Bucket(Store):
    """A store in a bucket, as the inputs and the environment of a step name it."""

    place: Place = field(kw_only=True)

    @property
    def location(self) -> str:
        return self.place.location

    @property
    def inputs(self) -> dict[str, str]:
        options = self.place.options
        found = {"endpoint": options.endpoint, "team-id": options.team_id, "storage-token": options.token}
        return {name: value for name, value in found.items() if value}

    @property
    def variables(self) -> dict[str, str]:
        return {**GIVEN.get(self.place.kind, {}), **self.place.options.environment}

    def files(self) -> dict[str, bytes]:
        return dict(self.place.assets())

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            self.place.write(name, content)

    def step(self, folder: Path, sandbox: Any, inputs: Mapping[str, str]) -> Done:
        return step(folder, sandbox, self, {**self.inputs, **inputs}, **self.variables)


@pytest.fixture(params=["s3", "az", "gs", "gitlab"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bucket]:
    for name in ("werkzeug", "botocore", "urllib3", "moto"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with ExitStack() as stack, places.place(request.param, tmp_path, stack) as made:
        yield Bucket(tmp_path, place=made)


def test_is_filled_and_read_again(bucket: Bucket, tmp_path: Path) -> None:
    with apple() as sandbox:
        done = bucket.step(tmp_path, sandbox, BOTH)
        assert done.code == 0, done.stdout
        identity = assert_one_certificate_with_its_key(sandbox, bucket)
        assert {each.uuid for each in bucket.profiles().values()} == set(profiles_at_apple(sandbox).values())
        requests = len(sandbox.requests)
        again = bucket.step(tmp_path, sandbox, BOTH)
        assert (again.code, again.outputs["changed"]) == (0, "false")
        assert len(sandbox.requests) - requests == 2
    assert {path for path in bucket.files() if not path.endswith((".md", ".txt"))} == {
        f"certs/distribution/{identity.certificate_id}.cer",
        f"certs/distribution/{identity.certificate_id}.p12",
        f"profiles/appstore/AppStore_{APP}.mobileprovision",
        f"profiles/appstore/AppStore_{WIDGET}.mobileprovision",
    }
    read = bucket.step(tmp_path, None, {**BOTH, **READ_ONLY})
    assert read.code == 0, read.stdout
    assert read.outputs["certificate-id"] == identity.certificate_id


def test_read_only_names_what_is_missing(bucket: Bucket, tmp_path: Path) -> None:
    done = bucket.step(tmp_path, None, READ_ONLY)
    assert done.code == 1
    assert "distribution certificate" in done.error and "mode: sync" in done.error
    assert bucket.files() == {}


@pytest.mark.parametrize("mode", ["read-only", "sync"])
def test_the_folder_beside_with_matchs_files_is_named(bucket: Bucket, tmp_path: Path, mode: str) -> None:
    with apple() as sandbox:
        bucket.put(identity_of(at_apple(sandbox, a_key()), a_key()))
        done = bucket.step(tmp_path, sandbox, {"mode": mode, "team-id": "OTHER12345"})
    folder = {"s3": "some/where/TEAM123456", "az": "folder"}.get(bucket.place.kind, "TEAM123456")
    assert f"folder {folder}" in done.stdout
    # A folder of another team is begun on purpose, if team-id names it: sync goes on with a warning.
    assert done.code == (1 if mode == "read-only" else 0)
    if mode == "read-only":
        assert "team-id" in done.error and "mode: sync" not in done.error


def test_two_jobs_at_once_end_with_one_certificate(bucket: Bucket, tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    inputs = {**BOTH, **bucket.inputs}
    with apple(latency=0.02) as sandbox:
        for home in homes:
            home.mkdir()
        jobs = [start(home, sandbox, bucket, inputs, **bucket.variables) for home in homes]
        codes = [job.wait(60) for job in jobs]
        assert codes == [0, 0], "\n".join((home / "step.log").read_text() for home in homes)
        identity = assert_one_certificate_with_its_key(sandbox, bucket)
        outputs = [parse_file_command((home / "step.output").read_text()) for home in homes]
        assert [each["certificate-id"] for each in outputs] == [identity.certificate_id] * 2
        assert {each.uuid for each in bucket.profiles().values()} == set(profiles_at_apple(sandbox).values())
        writes = calls(sandbox, *WRITES)
        assert bucket.step(tmp_path, sandbox, BOTH).outputs["changed"] == "false"
        assert calls(sandbox, *WRITES) == writes


def test_a_tree_that_fastlane_left_unencrypted_is_read_and_extended_encrypted(
    bucket: Bucket, tmp_path: Path
) -> None:
    with apple() as sandbox:
        record = at_apple(sandbox, a_key())
        identity = identity_of(record, a_key())
        profile = stored_profile(identity.certificate)
        bucket.write({**identity.files(), **profile.files()})
        before = bucket.files()
        read = bucket.step(tmp_path, None, READ_ONLY)
        assert read.code == 0, read.stdout
        assert read.outputs["certificate-id"] == record.id
        assert json.loads(read.outputs["profiles"])[APP]["uuid"] == profile.profile.uuid
        assert bucket.files() == before
        done = bucket.step(tmp_path, sandbox, {"bundle-ids": WIDGET})
        assert done.code == 0, done.stdout
        assert certificates(sandbox) == [record.id]
    added = {path: data for path, data in bucket.files().items() if path not in before}
    assert {path: data for path, data in bucket.files().items() if path in before} == before
    assert version_of(added[f"profiles/appstore/AppStore_{WIDGET}.mobileprovision"]) == 2


def test_change_passphrase_encrypts_what_was_not(bucket: Bucket, tmp_path: Path) -> None:
    with apple() as sandbox:
        identity = identity_of(at_apple(sandbox, a_key()), a_key())
    bucket.write(identity.files())
    done = bucket.step(tmp_path, None, {"mode": "change-passphrase", "new-passphrase": "another"})
    assert done.code == 0, done.stdout
    assert {version_of(data) for data in bucket.files().values()} == {2}
    assert bucket.opened("another") == identity.files()


def test_migrates_into_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    target = folder_store(tmp_path, "target")
    with apple() as sandbox:
        assert bucket.step(tmp_path, sandbox, BOTH).code == 0
    done = bucket.step(tmp_path, None, {"mode": "migrate", "to-storage": target.location})
    assert done.code == 0, done.stdout
    assert target.files() == bucket.files()
    assert step(tmp_path, None, target, {**READ_ONLY, **BOTH}).code == 0
