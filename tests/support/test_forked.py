"""A forked step is, but for its start, the step that an interpreter of its own runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.running import ENTRYPOINT
from support.forked import ForkedStep, Forker, start
from support.sandbox import app, build, seed, start_sandbox
from support.step_environment import access_to, step_environment
from support.waiting import LONGEST, wait_until

APP = "com.example.app"
BASICS = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def forked(arguments: list[str], env: Mapping[str, str], run: str = "") -> tuple[int, bytes, bytes]:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        code = start(arguments, env, stdout, stderr, **({"run": run} if run else {})).wait(LONGEST)
        stdout.seek(0)
        stderr.seek(0)
        return code, stdout.read(), stderr.read()


def by_an_interpreter(arguments: list[str], env: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-I", ENTRYPOINT, *arguments]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--version"], {}),
        ([], {"GITHUB_OUTPUT": "/dev/null", "ASC_COMMAND": "no-such-command", "ASC_INPUTS": "{}"}),
        (["doctor", "--no-such-input", "x"], {}),
        (["fetch-build-number"], {"ASC_API_KEY": "{}"}),
        ([], {"GITHUB_OUTPUT": "/dev/null", "ASC_COMMAND": "doctor", "ASC_INPUTS": "{}"}),
        (["check-app-store", "--metadata", "\udcff ☃"], {}),
    ],
)
def test_a_forked_step_prints_and_ends_as_one_of_an_interpreter(
    arguments: list[str], env: dict[str, str]
) -> None:
    assert forked(arguments, {**BASICS, **env}) == by_an_interpreter(arguments, {**BASICS, **env})


def describe(_: list[str]) -> None:
    """Print, in a step, all that it could have inherited."""
    import gc
    import threading

    status = dict(
        line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line
    )
    handlers = {str(number): str(signal.getsignal(number)) for number in signal.valid_signals()}
    print(
        json.dumps(
            {
                "env": dict(os.environ),
                "cwd": os.getcwd(),
                "masks": [status[name] for name in ("SigBlk", "SigIgn", "SigCgt", "Umask", "Threads")],
                "handlers": handlers,
                "threads": threading.active_count(),
                "descriptors": sorted(os.listdir("/proc/self/fd")),
                "stdin": os.readlink("/proc/self/fd/0"),
                "streams": [
                    (stream.encoding, stream.errors, stream.line_buffering)
                    for stream in (sys.stdin, sys.stdout, sys.stderr)
                ],
                "flags": str(sys.flags),
                "gc": gc.isenabled(),
                "path": sys.path[0],
            }
        )
    )


def described_by(done: tuple[int, bytes, bytes]) -> Any:
    code, stdout, stderr = done
    assert (code, stderr) == (0, b"")
    return json.loads(stdout)


def test_a_forked_step_inherits_what_an_interpreter_does_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASC_API_KEY", "of the caller")
    env = {**BASICS, "TZ": "Asia/Kolkata"}
    code = f"""
import sys
sys.path[:0] = [{str(ENTRYPOINT.parent / "src")!r}]
sys.path += [{str(ENTRYPOINT.parent / "tests")!r}]
from support.test_forked import describe
describe([])
"""
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    expected = described_by((done.returncode, done.stdout, done.stderr))
    assert described_by(forked([], env, "support.test_forked:describe")) == expected
    assert expected["env"] == env


def fail(_: list[str]) -> None:
    raise ValueError("of the step")


def test_an_exception_ends_a_forked_step_with_a_traceback_and_1() -> None:
    code, _, stderr = forked([], BASICS, "support.test_forked:fail")
    assert code == 1
    assert stderr.rstrip().endswith(b"ValueError: of the step")


def held(sandbox: Any, folder: Path) -> ForkedStep:
    """A step whose request the sandbox holds."""
    env = step_environment(folder, "fetch-build-number", {"bundle-id": APP}, sandbox)
    step = start([], env)
    wait_until(lambda: sandbox.faults_hit)
    return step


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_signal_ends_a_forked_step_as_one_of_an_interpreter(tmp_path: Path, number: int, code: int) -> None:
    with start_sandbox(seed(apps=[app(APP)]), faults=["GET /v1/* hang times=always"]) as sandbox:
        step = held(sandbox, tmp_path)
        assert step.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            step.wait(0)
        step.send_signal(number)
        assert (step.wait(LONGEST), step.returncode, step.poll()) == (code, code, code)
        step.kill()  # it has ended, and nothing is signalled


def test_steps_run_at_the_same_time(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    with start_sandbox(seed(apps=[app(APP, builds=[build("1.0", "7")])])) as sandbox:
        sandbox.add_fault("GET /v1/apps hang")
        for folder in folders:
            folder.mkdir()
        first = held(sandbox, folders[0])
        arguments = ["fetch-build-number", "--bundle-id", APP]
        assert start(arguments, {**BASICS, **access_to(sandbox)}).wait(LONGEST) == 0
        assert first.poll() is None
        first.kill_all()
        assert first.returncode == -signal.SIGKILL


def test_a_locale_that_only_an_interpreter_can_take_is_refused() -> None:
    with pytest.raises(ValueError, match="LC_ALL"):
        start(["--version"], {**BASICS, "LC_ALL": "C"})


def test_the_forking_process_ends_with_its_caller_and_takes_its_steps_along(tmp_path: Path) -> None:
    forker = Forker()
    step = forker.start(["--version"], BASICS)
    assert step.wait(LONGEST) == 0
    with start_sandbox(seed(apps=[app(APP)]), faults=["GET /v1/* hang times=always"]) as sandbox:
        env = step_environment(tmp_path, "fetch-build-number", {"bundle-id": APP}, sandbox)
        running = forker.start([], env)
        wait_until(lambda: sandbox.faults_hit)
        forker.close()
    assert running.wait(0) == -signal.SIGKILL
    assert forker.pid not in map(int, filter(str.isdigit, os.listdir("/proc")))
