"""bin/run with a real Docker: paths and owners stay true, nothing leaks, and nothing is left behind."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.docker import docker, run_as
from support.runner import Runner
from support.scratch import Scratch, make_container_scratch, read_report

IN_A_CONTAINER = any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
SOMEBODY = 12345


def test_a_step_runs_in_the_image(scratch: Scratch, runner: Runner) -> None:
    result = runner.run(scratch.action, {"say": "hello"})
    report = read_report(result.outputs)
    assert result.exit_code == 0, result.log.text
    assert "hello" in result.log.lines
    assert result.log.problems == []
    assert report["package"].startswith("/opt/asc/")
    assert report["isolated"] == 1
    assert report["stdin"] == ""


def test_later_steps_do_not_pay_for_set_up(scratch: Scratch, runner: Runner) -> None:
    assert "Build the runtime image" not in runner.run(scratch.action).log.text


def test_the_exit_code_goes_through(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_EXIT"] = "3"
    assert runner.run(scratch.action).exit_code == 3


def test_paths_are_true_and_files_belong_to_the_caller(scratch: Scratch, runner: Runner) -> None:
    if os.getuid() == 0:
        run_as(runner, SOMEBODY)
    written = runner.workspace / "written"
    runner.env |= {"ASC_WRITE": str(written), "HOME": str(runner.temp)}
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    assert read_report(result.outputs)["folder"] == str(runner.workspace)
    assert written.stat().st_uid == (SOMEBODY if os.getuid() == 0 else os.getuid())


@pytest.mark.parametrize("name", ["a b", 'it\'s "quoted"', "a,b", "a:b", "ümläut ✓", "$HOME `id`"])
def test_odd_paths(name: str, tmp_path: Path, runtime_image: str) -> None:
    scratch = make_container_scratch(tmp_path / name / "checkout")
    runner = Runner(tmp_path / name / "job", env={"ASC_RUNTIME": "container", "ASC_PACKAGE": "requests"})
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    assert read_report(result.outputs)["folder"] == str(runner.workspace)


def test_a_missing_path_is_not_made(scratch: Scratch, runner: Runner, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    runner.env["SSL_CERT_FILE"] = str(missing)
    assert runner.run(scratch.action).exit_code == 0
    assert not missing.exists()


def test_the_checkout_cannot_be_written(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_WRITE"] = str(scratch.root / "written")
    result = runner.run(scratch.action)
    assert result.exit_code == 1
    assert "Read-only file system" in result.log.text


def test_no_value_is_in_a_command_line_inspect_or_log(
    scratch: Scratch, runner: Runner, tmp_path: Path
) -> None:
    go_on = runner.workspace / "go-on"
    runner.env |= {"ASC_API_KEY": "s3cret-of-the-environment", "ASC_WAIT": str(go_on)}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run, scratch.action, {"say": "s3cret-of-the-inputs"})
        container = wait_for_container()
        inspected = docker("inspect", container)
        commands = b"".join(read_or_nothing(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        go_on.touch()
    assert running.result().exit_code == 0
    assert "s3cret" not in inspected
    assert '"Type": "none"' in inspected
    assert b"s3cret-of" not in commands


def wait_for_container() -> str:
    for _ in range(500):
        if container := docker("ps", "--quiet"):
            return container
        time.sleep(0.02)
    raise AssertionError("no container was started")


def read_or_nothing(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_cancelled_step_ends_on_the_first_signal_and_leaves_no_container(
    scratch: Scratch, runner: Runner
) -> None:
    runner.env["ASC_WAIT"] = "/never"
    result = runner.run(scratch.action, cancel_on="waiting")
    assert result.exit_code == 130
    assert result.left_running == []
    assert docker("ps", "--all", "--quiet") == ""


def test_a_cancelled_build_ends_on_the_first_signal_and_leaves_no_container(
    scratch: Scratch, runner: Runner
) -> None:
    base = (scratch.root / "Dockerfile").read_text().split("ARG BASE=")[1].split()[0]
    (scratch.root / "Dockerfile").write_text(f"FROM {base} AS runtime\nRUN sleep 61\n")
    result = runner.run(scratch.action, cancel_on="sleep 61")
    assert result.exit_code == 130
    assert result.left_running == []
    eventually_no_container()


def eventually_no_container() -> None:
    for _ in range(100):
        if not docker("ps", "--all", "--quiet"):
            return
        time.sleep(0.1)
    raise AssertionError(docker("ps", "--all"))


def test_a_build_that_fails_is_a_clear_error(scratch: Scratch, runner: Runner) -> None:
    (scratch.root / "Dockerfile").write_text("FROM scratch AS runtime\nCOPY nothing /\n")
    result = runner.run(scratch.action)
    assert result.exit_code == 2
    assert "The runtime image could not be built" in result.log.messages()[0]


def test_auto_takes_an_image_that_is_at_hand(scratch: Scratch, runner: Runner, runtime_image: str) -> None:
    scratch.publish(runtime_image)
    runner.env["ASC_RUNTIME"] = "auto"
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    package = read_report(result.outputs)["package"]
    # A Docker that serves a container from outside would not see our files, so there auto stays with us.
    assert package.startswith(str(runner.tool_cache) if IN_A_CONTAINER else "/opt/asc/")
