"""What goes wrong between a step and the store of symbols, and on the disk, and what the step does about it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from asc.api import object_store, retry
from asc.partial_files import temporary
from core.running import ENTRYPOINT
from core.symbols import APP, DWARF, archive, companion, names, serve, step, store, there, with_symbols, world
from support import forked
from support.sandbox import start_sandbox
from support.step_environment import access_to
from support.waiting import LONGEST, skip_at_first_fault, wait_until

FILE = f"{APP}-1.0-7.dSYM.zip"
LINKS = "GET /symbols/*/*"
LARGE = 400_000
"""Bytes of padding: more than one block, so that what has come is worth going on from."""


@pytest.mark.parametrize(
    "fault",
    [
        "reset",
        "reset times=2",
        "lost",
        "truncate",
        "truncate times=3",
        "short",
        "damage",
        "html",
        "empty",
        "slow=0.3",
        "delay=0.3",
        "status=403",
        "status=403 times=3",
        "status=408",
        "status=429 retry-after=0",
        "status=500",
        "status=503 times=2",
        "status=503 retry-after=1",
        "status=416",
    ],
)
def test_a_passing_fault_passes(tmp_path: Path, fault: str) -> None:
    with start_sandbox(world(), faults=[f"{LINKS} {fault}"], symbols_padding=LARGE) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, names(done), there(tmp_path)) == (0, [FILE], [FILE]), done.stdout
    assert done.log.messages("warning") == done.log.messages("error") == []


def test_what_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    with start_sandbox(world(), faults=[f"{LINKS} truncate times=2"], symbols_padding=LARGE) as sandbox:
        done = step(tmp_path, sandbox)
        statuses = [entry.status for entry in sandbox.requests if entry.path.startswith("/symbols/")]
    assert statuses == [200, 206, 206]
    size = (tmp_path / "dsyms" / FILE).stat().st_size
    assert (done.code, done.outputs["downloaded-bytes"]) == (0, str(size)), "no byte came twice"


CONTENT = archive({DWARF: companion(size=LARGE)}, compression=0)


@pytest.mark.parametrize("at", [0, 1, 1000, object_store.BLOCK, LARGE - 1, len(CONTENT) - 1])
@pytest.mark.parametrize("tag", ['"tag"', 'W/"weak"', ""], ids=["strong", "weak", "none"])
def test_a_connection_that_is_cut_anywhere(tmp_path: Path, at: int, tag: str) -> None:
    asked: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers.get("Range"))
        begin = int((asked[-1] or "bytes=0-")[6:-1])
        handler.send_response(206 if asked[-1] else 200)
        handler.send_header("Content-Length", str(len(CONTENT) - begin))
        if tag:
            handler.send_header("ETag", tag)
        if asked[-1]:
            handler.send_header("Content-Range", f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.end_headers()
        handler.wfile.write(CONTENT[begin:] if len(asked) > 1 else CONTENT[:at])
        handler.close_connection = True

    with store(answer) as link, start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": link}))) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, names(done)) == (0, [FILE])
    assert (tmp_path / "dsyms" / FILE).read_bytes() == CONTENT
    goes_on = tag == '"tag"' and at
    assert asked == [None, f"bytes={at}-" if goes_on else None]


@pytest.mark.parametrize(
    "second",
    [
        {"Content-Range": f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"},
        {"Content-Range": "bytes */17"},
        {"Content-Range": "nonsense"},
        {},
    ],
)
def test_another_part_than_was_asked_for_begins_anew(tmp_path: Path, second: dict[str, str]) -> None:
    count = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal count
        count += 1
        handler.send_response(206 if count == 2 else 200)
        handler.send_header("ETag", '"tag"')
        handler.send_header("Content-Length", str(len(CONTENT)))
        for name, value in second.items() if count == 2 else ():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(CONTENT[:5000] if count == 1 else CONTENT)
        handler.close_connection = True

    with store(answer) as link, start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": link}))) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, (tmp_path / "dsyms" / FILE).read_bytes()) == (0, CONTENT)


def test_another_file_at_the_same_link_is_not_glued_to_the_first(tmp_path: Path) -> None:
    other = archive({DWARF: companion(size=LARGE + 5)}, compression=0)
    count = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal count
        count += 1
        content = CONTENT if count == 1 else other  # If-Range does not fit any more: the whole of the other
        handler.send_response(200)
        handler.send_header("ETag", f'"{count}"')
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:300_000] if count == 1 else content)
        handler.close_connection = True

    with store(answer) as link, start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": link}))) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, (tmp_path / "dsyms" / FILE).read_bytes()) == (0, other)


def test_a_link_that_is_over_is_asked_for_anew_once_for_all(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", str(number)) for number in range(1, 9)]
    with start_sandbox(world(*builds), faults=[f"{LINKS} status=403 times=8"]) as sandbox:
        done = step(tmp_path, sandbox)
        asked = [entry.query for entry in sandbox.requests if entry.path == "/v1/builds"]
    assert (done.code, len(names(done))) == (0, 8)
    assert 2 <= len(asked) <= 4, "not one for each"
    assert "filter" in asked[1]


def test_an_expired_link_is_renewed(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", str(number)) for number in range(1, 4)]
    slow = [f"{LINKS} delay=1"]
    with (
        start_sandbox(world(*builds), link_lifetime=60, faults=slow) as sandbox,
        skip_at_first_fault(sandbox, 60),
    ):
        done = step(tmp_path, sandbox, parallel_downloads=1)
        statuses = [entry.status for entry in sandbox.requests if entry.path.startswith("/symbols/")]
    assert (done.code, len(names(done))) == (0, 3)
    assert 403 in statuses


def test_trains_that_are_not_found_at_random_are_asked_for_again(tmp_path: Path) -> None:
    with start_sandbox(world(), faults=["GET /v1/preReleaseVersions status=404 times=2"]) as sandbox:
        done = step(tmp_path, sandbox, version="latest")
    assert done.code == 0, done.stdout


def test_links_that_are_never_good(tmp_path: Path) -> None:
    with start_sandbox(world(), faults=[f"{LINKS} status=403 times=always"]) as sandbox:
        done = step(tmp_path, sandbox)
        assert len([entry for entry in sandbox.requests if entry.path == "/v1/builds"]) <= 5
    assert (done.code, there(tmp_path), names(done)) == (3, [], [])
    assert FILE in done.error


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ("status=404", 3, "answered 404"),
        ("status=302", 3, "answered 302"),
        ("status=503", 3, "answered 503"),
        ("reset", 3, "the connection broke"),
        ("damage", 1, "is broken, though it was fetched 2 times"),
        ("short", 1, "is broken, though it was fetched 2 times"),
        ("html", 1, "is broken, though it was fetched 2 times"),
        ("hang", 3, "did not answer in time"),
    ],
)
def test_a_fault_that_stays(
    tmp_path: Path, fault: str, code: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SHORTEST_READ_TIMEOUT", 0.5)
    with start_sandbox(world(), faults=[f"{LINKS} {fault} times=always"]) as sandbox:
        done = step(tmp_path, sandbox, retry_for="1s")
    assert (done.code, there(tmp_path)) == (code, []), "what is not whole leaves nothing behind"
    assert reason in done.error
    assert FILE in done.error
    assert done.outputs["files"] == "[]"


def test_a_store_that_trickles_is_as_good_as_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "SILENCE", 0.5)
    with start_sandbox(world(), faults=[f"{LINKS} slow=600"]) as sandbox:
        done = step(tmp_path, sandbox)
        fetched = [entry.status for entry in sandbox.requests if entry.path.startswith("/symbols/")]
    assert (done.code, names(done), len(fetched)) == (0, [FILE], 2)


def test_a_broken_archive_leaves_the_others_alone(tmp_path: Path) -> None:
    with store(serve(b"not a zip")) as link:
        builds = [
            with_symbols("1.0", "7"),
            with_symbols("1.0", "8", {"dSYMUrl": link}),
            with_symbols("1.0", "9"),
        ]
        with start_sandbox(world(*builds)) as sandbox:
            done = step(tmp_path, sandbox, parallel_downloads=1)
    assert done.code == 1
    assert f"{APP}-1.0-8.dSYM.zip is broken" in done.error
    assert sorted(names(done)) == there(tmp_path) == [f"{APP}-1.0-7.dSYM.zip", f"{APP}-1.0-9.dSYM.zip"]
    assert "failed: " in done.summary


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com/symbols.zip",
        "ftp://127.0.0.1/symbols.zip",
        "file:///etc/passwd",
        "https://",
        "//127.0.0.1/x",
        "http://127.0.0.1:0/x",
        "nonsense",
    ],
)
def test_a_link_to_somewhere_else_is_not_followed(tmp_path: Path, link: str) -> None:
    with start_sandbox(
        world(with_symbols("1.0", "7", {"dSYMUrl": link})), expect_violations=True, contract=None
    ) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, there(tmp_path)) == (3, [])
    assert "is not one to send to" in done.error


def test_the_store_gets_no_token_and_no_redirect_is_followed(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append({name.lower(): value for name, value in handler.headers.items()})
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with store(answer) as link, start_sandbox(world(with_symbols("1.0", "7", {"dSYMUrl": link}))) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, len(seen)) == (3, 1)
    assert "authorization" not in seen[0]
    assert "cookie" not in seen[0]


def test_a_full_disk_is_called_that_and_leaves_nothing(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", str(number)) for number in range(1, 6)]
    with start_sandbox(world(*builds), symbols_padding=3_000_000) as sandbox:
        env = {
            "ASC_API_URL": sandbox.url,
            "ASC_API_KEY": json.dumps(sandbox.api_key()),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                ENTRYPOINT,
                "download-dsyms",
                "--bundle-id",
                APP,
                "--parallel-downloads",
                "2",
            ],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
        )
        asked = [entry for entry in sandbox.requests if entry.path.startswith("/symbols/")]
    assert done.returncode == 1
    assert "room" in done.stderr
    assert "Free space" in done.stderr
    assert there(tmp_path) == []
    assert len(asked) <= 4, "what cannot fit is not tried on"


@pytest.mark.parametrize("kind", ["file", "below-a-file", "link-to-nowhere", "proc"])
def test_a_target_that_cannot_be_written_to(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "dsyms"
    if kind == "link-to-nowhere":
        target.symlink_to(tmp_path / "gone" / "further")
    else:
        target.write_text("mine")
    directory = {"below-a-file": target / "x", "proc": Path("/proc/1/nothing")}.get(kind, target)
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox, directory=directory)
        assert sandbox.requests == (), "it is told before anything is fetched"
    assert done.code == 1
    assert "cannot be written" in done.error
    assert kind == "link-to-nowhere" or target.read_text() == "mine"


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "dsyms" / FILE / "mine").mkdir(parents=True)
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox)
    assert done.code == 1
    assert (tmp_path / "dsyms" / FILE / "mine").is_dir()


def test_a_link_where_the_file_should_be_is_replaced_and_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "dsyms").mkdir()
    (tmp_path / "dsyms" / FILE).symlink_to(mine)
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, mine.read_text()) == (0, "mine")
    assert not (tmp_path / "dsyms" / FILE).is_symlink()


def test_two_jobs_into_one_folder(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", str(number)) for number in range(1, 6)]
    with start_sandbox(world(*builds), symbols_padding=LARGE, latency=0.02) as sandbox:

        def job(number: int) -> Any:
            folder = tmp_path / f"job-{number}"
            folder.mkdir()
            inputs = {"directory": tmp_path / "dsyms", "extract": "true", "skip_existing": str(number > 0)}
            return step(folder, sandbox, process=True, **inputs)

        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(job, range(4)))
    assert [each.code for each in done] == [0] * 4, [each.stdout for each in done]
    archives = [f"{APP}-1.0-{number}.dSYM.zip" for number in range(1, 6)]
    assert there(tmp_path) == sorted([*archives, *(name.removesuffix(".dSYM.zip") for name in archives)])
    for name in archives:
        folder = tmp_path / "dsyms" / name.removesuffix(".dSYM.zip")
        assert (folder / "App.app.dSYM/Contents/Resources/DWARF/App").stat().st_size > LARGE


def test_what_died_jobs_left_is_cleared_and_what_others_write_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "dsyms").mkdir()
    old, young = (temporary(tmp_path / "dsyms") for _ in range(2))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox)
    assert (done.code, there(tmp_path)) == (0, sorted([young.name, FILE]))


def test_a_stop_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    with start_sandbox(world(), faults=[f"{LINKS} slow=600"], symbols_padding=LARGE) as sandbox:
        arguments = ["download-dsyms", "--bundle-id", APP, "--directory", str(tmp_path / "dsyms")]
        process = forked.start(arguments, {**access_to(sandbox), "HOME": str(tmp_path)})
        wait_until(lambda: list(tmp_path.glob("dsyms/.*")))
        process.terminate()
        assert process.wait(LONGEST) == 143
    assert not list(tmp_path.glob("dsyms/*.zip"))
