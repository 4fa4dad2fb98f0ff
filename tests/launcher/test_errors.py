"""Each way in which bin/run can fail: one annotation in a job, plain lines at a terminal, exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from launcher.programs import INSTALLERS, add_program, choose_installer, folder_of_programs
from support.runner import Result, Runner
from support.scratch import UV, Scratch


def the_error(result: Result) -> str:
    """The only annotation of a run that failed as it should."""
    assert result.exit_code == 2, result.log.text
    assert result.log.titles() == ["The runtime could not start"]
    assert result.log.problems == []
    assert len(result.log.annotations) == 1
    message = result.log.messages()[0]
    assert len(message.splitlines()) == 2, "one line what happened, one line what to do"
    return message


@pytest.fixture
def programs(runner: Runner, tmp_path: Path) -> Path:
    """A PATH of its own for the runner, without Python, uv and Docker."""
    folder = folder_of_programs(tmp_path / "programs")
    runner.env["PATH"] = str(folder)
    return folder


def test_without_python_the_error_says_how_to_get_it(
    scratch: Scratch, runner: Runner, programs: Path
) -> None:
    assert "Python 3.11 or newer was not found.\nAdd actions/setup-python" in the_error(
        runner.run(scratch.action)
    )


def test_a_python_that_is_too_old_counts_as_none(scratch: Scratch, runner: Runner, programs: Path) -> None:
    add_program(programs, "python3", "exit 1")
    assert "Python 3.11 or newer was not found." in the_error(runner.run(scratch.action))


def test_a_newer_python_in_the_tool_cache_is_found(scratch: Scratch, runner: Runner, programs: Path) -> None:
    (programs / "uv").symlink_to(UV)
    add_program(programs, "python3", "exit 1")
    setup_python = runner.tool_cache / "Python/3.12.9/x64/bin"
    setup_python.mkdir(parents=True)
    add_program(setup_python, "python3", f'exec {sys.executable} "$@"')
    assert runner.run(scratch.action).exit_code == 0


def test_a_python_without_pip(scratch: Scratch, runner: Runner, programs: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    add_program(programs, "python3", f'exec {bare}/bin/python3 "$@"')
    assert "has no pip.\nAdd actions/setup-python" in the_error(runner.run(scratch.action))


@pytest.mark.parametrize("installer", INSTALLERS)
def test_without_a_network_the_installation_fails_with_the_reason(
    scratch: Scratch, runner: Runner, installer: str
) -> None:
    choose_installer(runner, installer)
    runner.env |= {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    runner.env |= {
        "UV_NO_INDEX": "0",
        "UV_OFFLINE": "0",
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
    }
    (scratch.wheels / "tiny-1.0-py3-none-any.whl").unlink()
    assert "could not be installed; the lines above say why." in the_error(runner.run(scratch.action))


def test_no_folder_can_be_written(scratch: Scratch, runner: Runner, tmp_path: Path) -> None:
    runner.tool_cache.rmdir()
    runner.tool_cache.touch()
    (runner.temp / "app-store-connect-actions").touch()
    assert "No folder for the Python packages can be written." in the_error(runner.run(scratch.action))


def test_windows_is_refused(scratch: Scratch, runner: Runner) -> None:
    runner.env["RUNNER_OS"] = "Windows"
    assert "Windows cannot run this action.\nUse a Linux or a macOS runner." in the_error(
        runner.run(scratch.action)
    )


def test_an_unknown_runtime_is_refused(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_RUNTIME"] = "50%0A"
    assert 'ASC_RUNTIME is "50%0A".\nSet it to auto' in the_error(runner.run(scratch.action))


def test_a_setting_cannot_inject_a_command(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_RUNTIME"] = "x\n::warning::y\r::warning::z"
    result = runner.run(scratch.action)
    assert [annotation.level for annotation in result.log.annotations] == ["error"]


def test_at_a_terminal_an_error_is_plain(scratch: Scratch, tmp_path: Path) -> None:
    done = scratch.launch(cwd=tmp_path, ASC_RUNTIME="docker")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == 'error: ASC_RUNTIME is "docker".\nSet it to auto, container or native.\n'


DOCKER = """
case "$1 $2" in
  "context inspect") echo "${{ENDPOINT:-unix:///var/run/docker.sock}}" ;;
  "info --format") {info} ;;
  *) echo "no $1 here"; exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ("exit 1", "the Docker daemon does not answer"),
        ("echo 'linux [name=seccomp name=rootless]'", "maps users"),
        ("echo 'linux [name=userns]'", "maps users"),
        ("echo 'linux [name=selinux]'", "SELinux"),
        ("echo 'windows []'", "does not run Linux containers"),
        ("echo 'linux [name=seccomp]'", "The runtime image could not be built"),
    ],
)
def test_a_docker_that_cannot_serve(
    scratch: Scratch, runner: Runner, programs: Path, info: str, problem: str
) -> None:
    add_program(programs, "docker", DOCKER.format(info=info))
    (scratch.root / "Dockerfile").touch()
    runner.env["ASC_RUNTIME"] = "container"
    message = the_error(runner.run(scratch.action))
    assert problem in message
    assert "set ASC_RUNTIME to native" in message


def test_a_docker_on_another_host(scratch: Scratch, runner: Runner, programs: Path) -> None:
    add_program(programs, "docker", DOCKER.format(info="exit 1"))
    runner.env |= {"ASC_RUNTIME": "container", "ENDPOINT": "tcp://10.0.0.1:2376"}
    assert "Docker runs on another host" in the_error(runner.run(scratch.action))


def test_a_container_without_docker(scratch: Scratch, runner: Runner, programs: Path) -> None:
    runner.env["ASC_RUNTIME"] = "container"
    assert "the docker command was not found" in the_error(runner.run(scratch.action))


def test_a_container_on_macos(scratch: Scratch, runner: Runner) -> None:
    runner.env |= {"ASC_RUNTIME": "container", "RUNNER_OS": "macOS"}
    assert "it needs Linux, and this is macOS" in the_error(runner.run(scratch.action))
