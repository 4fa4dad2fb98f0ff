"""Storages behind a proxy that breaks requests: what is repeated, what is told, and that nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from asc.signing.storage import (
    Changes,
    Files,
    Options,
    Storage,
    StorageError,
    StorageUnreachable,
    open_storage,
)
from asc.signing.storage.buckets import gitlab, google, obstores
from asc.signing.storage.git import client as git_client
from signing.storage import places
from signing.storage.git_server import WRITES, git, git_host
from signing.storage.places import Place, options
from support.faulty_proxy import FaultyProxy

BUCKETS = ("s3", "az", "gs", "gitlab")
P12 = "certs/distribution/A.p12"
RIVAL = "theirs/note.txt"


@dataclass
class Behind:
    """A storage behind a proxy: `place` is the storage itself, `opened` leads through the proxy."""

    place: Place
    proxy: FaultyProxy
    location: str
    options: Options

    def opened(self) -> Storage:
        return open_storage(self.location, self.options)


def name_of(path: str, body: bytes) -> str:
    """One name for each part that a test breaks."""
    whole = f"{path} {body.decode('latin-1')}"
    for part in ("asc-journal.json", "asc-probe-", "A.p12", "git-receive-pack", "git-upload-pack"):
        if part in whole:
            return f"/{part}"
    parts = urlsplit(path)
    is_list = "list-type=2" in path or "comp=list" in path or "per_page=" in path or parts.path.endswith("/o")
    return "/list" if is_list else "/other"


@contextmanager
def behind(kind: str, folder: Path) -> Iterator[Behind]:
    with ExitStack() as stack:
        place = stack.enter_context(places.place(kind, folder, stack))
        given = place.options
        emulator = given.environment.get("STORAGE_EMULATOR_HOST", "")
        parts = urlsplit(given.endpoint or f"http://{emulator}")
        proxy = FaultyProxy(f"http://{parts.netloc}", name_of, lambda: place.write(RIVAL, b"theirs"))
        stack.enter_context(proxy)
        if emulator:
            host = proxy.url.removeprefix("http://")
            given = replace(given, environment={**given.environment, "STORAGE_EMULATOR_HOST": host})
        else:
            given = replace(given, endpoint=proxy.url + parts.path)
        yield Behind(place, proxy, place.location, given)


@pytest.fixture(params=BUCKETS)
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Behind]:
    with behind(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def secure_files(tmp_path: Path) -> Iterator[Behind]:
    with behind("gitlab", tmp_path) as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Behind]:
    root = tmp_path / "root"
    bare = root / "team" / "certs.git"
    git("init", "--quiet", "--bare", "--initial-branch=master", str(bare))
    with git_host(root, tmp_path) as host:
        place = Place(
            "git",
            f"git+file://{bare}",
            options(temporary=tmp_path),
            lambda: places.tree(bare),
            lambda name, data: places.someone_commits(bare, name, data),
        )
        with FaultyProxy(host.url, name_of, lambda: place.write(RIVAL, b"theirs"), host.authority) as proxy:
            given = options(token=WRITES, temporary=tmp_path)
            yield Behind(place, proxy, f"{proxy.url}/team/certs.git", given)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients give up soon."""
    give_up_after(1.0, monkeypatch)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients give up at once: for requests that never succeed, and so cannot come too late."""
    give_up_after(0.3, monkeypatch)


def give_up_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = timedelta(seconds=seconds)
    retry = google.RETRY.with_timeout(2 * seconds).with_delay(initial=0.1, maximum=0.2)
    monkeypatch.setattr(obstores, "TIMEOUTS", {"connect_timeout": longest, "timeout": longest})
    monkeypatch.setattr(obstores, "RETRY", {"max_retries": 1, "retry_timeout": longest})
    monkeypatch.setattr(google, "TIMEOUT", seconds / 2)
    monkeypatch.setattr(google, "RETRY", retry)
    monkeypatch.setattr(gitlab, "TIMEOUT", (seconds, seconds / 2))


def writing(kind: str) -> str:
    """The method by which a store of this kind creates an object."""
    return "PUT" if kind in ("s3", "az") else "POST"


def taken(kind: str) -> str:
    """The fault by which a store of this kind says that somebody else has created the object."""
    return "taken" if kind == "gitlab" else "status=412"


def add(files: Files) -> Changes:
    return Changes({P12: b"key"})


@pytest.mark.parametrize("effect", ["truncate", "lost", "served-500", "status=503"])
@pytest.mark.parametrize("part", ["asc-journal.json", "A.p12"])
def test_one_broken_answer_to_a_write_does_no_harm(bucket: Behind, effect: str, part: str) -> None:
    bucket.proxy.add_fault(f"{writing(bucket.place.kind)} /{part} {effect}")
    assert bucket.opened().update(add, "Add") == {P12: b"key"}
    assert bucket.proxy.faults_hit == 1
    assert bucket.place.assets() == {P12: b"key"}


@pytest.mark.parametrize("effect", ["truncate", "lost", "slow=30", "status=503"])
def test_one_broken_answer_to_a_list_is_asked_for_again(bucket: Behind, effect: str) -> None:
    bucket.place.write(P12, b"key")
    bucket.proxy.add_fault(f"GET /list {effect}")
    assert bucket.opened().read() == {P12: b"key"}
    assert bucket.proxy.faults_hit == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("effect", ["truncate", "slow=30", "hang", "refused", "status=503"])
def test_a_list_that_never_comes_whole_is_an_unreachable_storage(bucket: Behind, effect: str) -> None:
    bucket.place.write(P12, b"key")
    bucket.proxy.add_fault(f"GET /list {effect} times=always")
    with pytest.raises(StorageUnreachable) as raised:
        bucket.opened().read()
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("effect", ["lost", "served-500"])
def test_a_probe_whose_answer_was_lost_is_no_conflict(bucket: Behind, effect: str) -> None:
    for times in range(2):
        bucket.proxy.add_fault(f"{writing(bucket.place.kind)} /asc-probe- {effect} after={2 * times}")
    bucket.opened().prove_writable()
    assert bucket.place.contents() == {}


# GitLab has no conditions.
@pytest.mark.parametrize("bucket", ["s3", "az", "gs"], indirect=True)
@pytest.mark.parametrize("status", [409, 412])
def test_a_store_that_refuses_every_condition_is_told(bucket: Behind, status: int) -> None:
    bucket.proxy.add_fault(f"{writing(bucket.place.kind)} /asc-probe- status={status} times=always")
    with pytest.raises(StorageError) as raised:
        bucket.opened().prove_writable()
    assert raised.value.input == "storage"


def test_a_conflict_that_answers_a_list_is_an_error_of_the_storage(bucket: Behind) -> None:
    bucket.proxy.add_fault("GET /list status=412 times=always")
    storage = bucket.opened()
    with pytest.raises(StorageError):
        storage.read()
    assert storage.nearby().places == ()


def test_a_list_that_is_not_found_is_an_error_of_the_storage(bucket: Behind) -> None:
    bucket.proxy.add_fault("GET /list status=404 times=always")
    with pytest.raises(StorageError):
        bucket.opened().read()


def test_a_removal_whose_answer_was_lost_counts_as_done(secure_files: Behind) -> None:
    storage = secure_files.opened()
    storage.update(add, "Add")
    for effect in ("lost", "served-500"):
        secure_files.proxy.add_fault(f"DELETE /other {effect}")
        storage.prove_writable()
        secure_files.proxy.add_fault(f"DELETE /other {effect}")
        storage.update(lambda files: Changes({P12: files[P12] + b"!"}), "Change")
    assert secure_files.place.assets() == {P12: b"key!!"}


def test_a_key_that_was_put_aside_stays_while_its_new_place_refuses_it(bucket: Behind) -> None:
    aside = "pending/distribution-A"
    bucket.place.write(aside, b"key")
    bucket.proxy.add_fault(f"{writing(bucket.place.kind)} /A.p12 {taken(bucket.place.kind)} times=always")
    with pytest.raises(StorageError):
        replace(bucket, options=replace(bucket.options, attempts=2)).opened().update(
            lambda files: Changes({P12: b"key"}, frozenset({aside})), "Store"
        )
    assert bucket.place.assets() == {aside: b"key"}


@pytest.mark.parametrize("effect", ["reset", "lost"])
def test_gitlab_keeps_one_file_of_a_name_after_a_lost_answer(secure_files: Behind, effect: str) -> None:
    secure_files.proxy.add_fault(f"POST /A.p12 {effect}")
    secure_files.opened().update(add, "Add")
    names = [name for name, _ in secure_files.place.more["world"].files.values()]
    assert len(names) == len(set(names))


def test_another_writer_before_each_write_loses_nothing(bucket: Behind) -> None:
    method = writing(bucket.place.kind)
    for part in ("asc-journal.json", "A.p12"):
        bucket.proxy.add_fault(f"{method} /{part} rival")
    bucket.opened().update(add, "Add")
    assert bucket.place.assets() == {P12: b"key", RIVAL: b"theirs"}


@pytest.mark.usefixtures("hasty")
def test_a_body_that_trickles_in_from_google_ends_in_time(tmp_path: Path) -> None:
    with behind("gs", tmp_path) as bucket:
        bucket.place.write(P12, b"k" * 4000)
        bucket.proxy.add_fault("GET /A.p12 slow=600 times=always")
        began = time.monotonic()
        with pytest.raises(StorageUnreachable):
            bucket.opened().read()
        # It would take ten minutes; the limit is far above the few seconds that it takes.
        assert time.monotonic() - began < 60


def test_a_page_instead_of_an_object_of_google_is_told_at_once(tmp_path: Path) -> None:
    with behind("gs", tmp_path) as bucket:
        bucket.place.write(P12, b"key")
        bucket.proxy.add_fault("GET /A.p12 html times=always")
        with pytest.raises(StorageError) as raised:
            bucket.opened().read()
        assert raised.value.input == "endpoint"
        assert bucket.proxy.faults_hit == 1


@pytest.mark.parametrize("call", ["read", "prove_writable"])
@pytest.mark.parametrize("effect", ["truncate", "lost", "status=507"])
def test_a_git_host_that_breaks_off_once_is_asked_again(repository: Behind, effect: str, call: str) -> None:
    repository.place.write(P12, b"key")
    repository.proxy.add_fault(f"GET /git-upload-pack {effect}")
    getattr(repository.opened(), call)()
    assert repository.proxy.faults_hit == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_git_host_that_breaks_off_each_time_is_unreachable(repository: Behind, method: str) -> None:
    repository.place.write(P12, b"key")
    repository.proxy.add_fault(f"{method} /git-upload-pack truncate times=always")
    with pytest.raises(StorageUnreachable):
        repository.opened().read()


def test_a_fetch_that_was_killed_for_being_slow_is_tried_again(
    repository: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_client, "PATIENCE", 3.0)
    key = random.Random(1).randbytes(20_000)
    repository.place.write(P12, key)
    # git takes its lock when the first bytes of the answer to the second request have come.
    repository.proxy.add_fault("POST /git-upload-pack slow=60 after=1")
    assert repository.opened().read() == {P12: key}
    assert repository.proxy.faults_hit == 1


@pytest.mark.parametrize("effect", ["truncate", "lost", "served-500", "rival", "status=507"])
def test_a_push_that_is_disturbed_once_arrives_once(repository: Behind, effect: str) -> None:
    repository.place.write(RIVAL, b"theirs")
    repository.proxy.add_fault(f"POST /git-receive-pack {effect}")
    assert repository.opened().update(add, "Add")[P12] == b"key"
    assert repository.place.contents() == {P12: b"key", RIVAL: b"theirs"}
