"""Git over https with a real `git http-backend`: tokens, what they may do, and where they are never seen."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asc.signing.storage import Changes, Files, Storage, StorageError, StorageUnreachable, open_storage
from asc.signing.storage.model import disk_is_full
from signing.storage.git_server import READS, WRITES, Host, git, git_host
from signing.storage.places import environment, options, someone_commits, tree

ADD = Changes({"certs/distribution/A.p12": b"key"})


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    root = tmp_path / "root"
    git("init", "--quiet", "--bare", "--initial-branch=master", str(root / "team" / "certs.git"))
    with git_host(root, tmp_path) as made:
        yield made


def opened(host: Host, token: str, **more: str) -> Storage:
    given = environment(SSL_CERT_FILE=str(host.authority), **more)
    return open_storage(f"{host.url}/team/certs.git", options(token=token, environment=given))


def repository(host: Host) -> Path:
    return host.authority.parent / "root" / "team" / "certs.git"


def test_reading_and_writing(host: Host) -> None:
    storage = opened(host, WRITES)
    assert storage.read() == {}
    storage.prove_writable()
    assert tree(repository(host)) == {}
    storage.update(lambda files: ADD, "Add")
    someone_commits(repository(host), "b", b"2")
    assert storage.update(lambda files: Changes({"c": b"3"}), "More") == {"b": b"2", "c": b"3", **ADD.put}
    assert tree(repository(host)) == {"b": b"2", "c": b"3", **ADD.put}
    assert WRITES not in storage.label


def test_a_proxy_that_wants_credentials_is_asked_once(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        asked.append(connection.recv(65536))
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        given = environment(HTTPS_PROXY=f"http://127.0.0.1:{server.getsockname()[1]}")
        storage = open_storage(
            "https://git.example.com/team/certs.git", options(token="a-long-token", environment=given)
        )
        with pytest.raises(StorageError) as raised:
            storage.read()
        server.shutdown(socket.SHUT_RDWR)
    assert not isinstance(raised.value, StorageUnreachable)
    assert "HTTPS_PROXY" in raised.value.remedy
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("words", "full"),
    [
        ("error: file write error: No space left on device", True),
        ("fatal: write error: File too large", True),
        ("remote: error: File a.p12 is too large: file too large / ! [remote rejected]", False),
        ("remote: fatal: No space left on device", False),
    ],
)
def test_only_the_disk_of_this_machine_is_told_to_be_full(words: str, full: bool) -> None:
    assert (disk_is_full(words) is not None) is full


def test_writers_in_threads_lose_nothing(host: Host) -> None:
    def count(files: Files) -> Changes:
        number = int(files.get("counter", b"0"))
        return Changes({"counter": str(number + 1).encode(), f"own/{number}": b"x"})

    failures: list[str] = []

    def work() -> None:
        storage = opened(host, WRITES)
        try:
            for _ in range(2):
                storage.update(count, "Count")
        except StorageError as error:
            failures.append(error.message)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tree(repository(host)) == {"counter": b"6", **{f"own/{number}": b"x" for number in range(6)}}


def test_a_token_that_may_only_read(host: Host) -> None:
    someone_commits(repository(host), "a", b"1")
    storage = opened(host, READS)
    assert storage.read() == {"a": b"1"}
    for call in (storage.prove_writable, lambda: storage.update(lambda files: ADD, "Add")):
        with pytest.raises(StorageError, match="403") as caught:
            call()
        assert caught.value.input == "storage-token"
        assert READS not in str(caught.value) + caught.value.remedy
    assert tree(repository(host)) == {"a": b"1"}


@pytest.mark.parametrize("token", ["", "a-wrong-token"])
def test_a_token_that_is_wrong_or_missing(host: Host, token: str) -> None:
    with pytest.raises(StorageError, match="storage-token") as caught:
        opened(host, token).read()
    assert caught.value.input == "storage-token"
    assert not isinstance(caught.value, StorageUnreachable)


def test_a_repository_that_is_not_there(host: Host) -> None:
    given = environment(SSL_CERT_FILE=str(host.authority))
    with pytest.raises(StorageError, match=r"other\.git") as caught:
        open_storage(f"{host.url}/team/other.git", options(token=WRITES, environment=given)).read()
    assert caught.value.input == "storage-token"


def test_the_token_of_the_job_is_for_its_server_alone(host: Host) -> None:
    someone_commits(repository(host), "a", b"1")
    assert opened(host, "", GITHUB_TOKEN=WRITES, GITHUB_SERVER_URL=host.url).read() == {"a": b"1"}
    host.seen.clear()
    with pytest.raises(StorageError, match="storage-token"):
        opened(host, "", GITHUB_TOKEN=WRITES).read()
    assert set(host.seen) == {""}


def test_redirects_are_not_followed(host: Host, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    with git_host(tmp_path / "root", other) as elsewhere:
        host.redirect = elsewhere.url
        with pytest.raises(StorageError, match="301"):
            opened(host, WRITES).read()
        assert elsewhere.asked == []


def test_a_host_that_fails_in_passing(host: Host) -> None:
    someone_commits(repository(host), "a", b"1")
    host.fail = [503, 500]
    assert opened(host, WRITES).read() == {"a": b"1"}
    host.fail = [503] * 3
    with pytest.raises(StorageUnreachable, match="could not be reached"):
        opened(host, WRITES).read()


def test_an_answer_to_a_push_that_was_lost(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from asc.signing.storage.git import remote

    push = remote.Remote.push

    def lose(self: remote.Remote, *arguments: Any, **more: Any) -> remote.GitResult:
        done = push(self, *arguments, **more)
        return remote.GitResult(1, done.output, "error: RPC failed; curl 56 Recv failure")

    monkeypatch.setattr(remote.Remote, "push", lose)
    assert opened(host, WRITES).update(lambda files: ADD, "Add") == ADD.put
    assert git("--git-dir", str(repository(host)), "rev-list", "--count", "master").strip() == b"1"


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(StorageUnreachable, match="could not be reached"):
        open_storage("https://127.0.0.1:9/a.git", options(token=WRITES)).read()


def test_a_certificate_that_nobody_vouches_for(host: Host) -> None:
    with pytest.raises(StorageError, match="certificate"):
        open_storage(f"{host.url}/team/certs.git", options(token=WRITES)).read()
    assert host.asked == []


def processes_with(text: str) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "cmdline").read_bytes():
                yield (folder / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue


def test_the_token_is_on_no_command_line_and_the_environment_is_small(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Looked at while git and what it starts are running, over and over."""
    caplog.set_level(logging.DEBUG)
    given = {"SECRET_OF_ANOTHER_STEP": "tell-nobody", "GITHUB_TOKEN": "another-token", "ASC_API_KEY": "a-key"}
    monkeypatch.setenv("SECRET_OF_THE_PROCESS", "tell-nobody")
    over = threading.Event()
    lines: set[str] = set()
    environments: dict[str, bytes] = {}
    encoded: list[str] = []

    def look() -> None:
        while not over.is_set():
            for secret in [WRITES, *encoded]:
                lines.update(processes_with(secret))
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    command = (folder / "cmdline").read_bytes()
                    if b"git" in command and b"asc-signing-" in (folder / "environ").read_bytes():
                        environments[command.decode("utf-8", "replace")] = (folder / "environ").read_bytes()
                except OSError:
                    continue
            time.sleep(0.001)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        storage = opened(host, WRITES, **given)
        for number in range(3):
            storage.update(lambda files, number=number: Changes({f"{number}": b"x"}), "Add")
            encoded[:] = [value.partition(" ")[2] for value in host.seen if value][:1]
    finally:
        over.set()
        looking.join()
    assert lines == set()
    assert environments
    for command, held in environments.items():
        for secret in (b"tell-nobody", b"another-token", b"a-key"):
            assert secret not in held, command
    assert WRITES not in caplog.text
    assert encoded[0] not in caplog.text


def test_a_token_in_the_hosts_words_is_hidden(host: Host) -> None:
    hook = repository(host) / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho 'you are {WRITES}'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StorageError, match=r"you are \*\*\*") as caught:
        opened(host, WRITES).update(lambda files: ADD, "Add")
    assert WRITES not in str(caught.value)
