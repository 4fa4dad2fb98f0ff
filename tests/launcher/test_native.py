"""bin/run with a virtual environment: what the entrypoint gets, what is kept, and what is never imported."""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from launcher.programs import INSTALLERS, choose_installer
from launcher.silence import silent_server
from support.runner import Runner
from support.scratch import Scratch, make_scratch, read_report

INSTALLING = "Install the Python packages"


def environments(runner: Runner) -> list[str]:
    folder = runner.tool_cache / "app-store-connect-actions"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_arguments_and_exit_code_go_through(scratch: Scratch, tmp_path: Path) -> None:
    done = scratch.launch("a b", "", "--x='$y'", cwd=tmp_path, ASC_EXIT="7")
    report = read_report(done.stdout)
    assert done.returncode == 7
    assert report["arguments"] == ["a b", "", "--x='$y'"]
    assert report["folder"] == str(tmp_path)
    assert report["stdin"] == ""


def test_at_a_terminal_standard_output_is_for_the_outputs_alone(scratch: Scratch, tmp_path: Path) -> None:
    done = scratch.launch(cwd=tmp_path)
    assert done.stdout.splitlines()[0].startswith("report=")
    assert INSTALLING in done.stderr
    assert "::" not in done.stderr


def test_a_step_gets_its_inputs_and_hands_on_its_outputs(scratch: Scratch, runner: Runner) -> None:
    result = runner.run(scratch.action, {"say": "hello"})
    assert result.exit_code == 0
    assert "hello" in result.log.lines
    assert read_report(result.outputs)["environment"]["ASC_COMMAND"] == "report"
    assert result.log.problems == []


def test_a_new_environment_removes_none_that_another_job_may_just_have_made(
    scratch: Scratch, runner: Runner, tmp_path: Path
) -> None:
    programs, removed = tmp_path / "programs", tmp_path / "removed"
    programs.mkdir()
    removed.touch()
    rm = programs / "rm"
    rm.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{removed}"\nexec {shutil.which("rm")} "$@"\n')
    rm.chmod(0o755)
    runner.env["PATH"] = f"{programs}:{runner.env['PATH']}"
    assert runner.run(scratch.action).exit_code == 0
    (made,) = environments(runner)
    assert str(runner.tool_cache / "app-store-connect-actions" / made) not in removed.read_text().splitlines()


@pytest.mark.parametrize("installer", INSTALLERS)
def test_later_steps_do_not_pay_for_set_up(scratch: Scratch, runner: Runner, installer: str) -> None:
    choose_installer(runner, installer)
    first = runner.run(scratch.action)
    (scratch.wheels / "tiny-1.0-py3-none-any.whl").unlink()
    second = runner.run(scratch.action)
    assert INSTALLING in first.log.text
    assert INSTALLING not in second.log.text
    assert read_report(first.outputs)["prefix"] == read_report(second.outputs)["prefix"]


def test_another_lock_makes_another_environment(scratch: Scratch, runner: Runner) -> None:
    runner.run(scratch.action)
    with (scratch.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert INSTALLING in runner.run(scratch.action).log.text
    assert len(environments(runner)) == 2


def test_three_jobs_at_once_make_one_environment(scratch: Scratch, runner: Runner) -> None:
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: runner.run(scratch.action), range(3)))
    assert [result.exit_code for result in results] == [0, 0, 0]
    assert len(environments(runner)) == 1


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_cancelled_set_up_ends_on_the_first_signal_and_leaves_nothing(
    scratch: Scratch, runner: Runner, installer: str, tmp_path: Path
) -> None:
    choose_installer(runner, installer)
    with silent_server() as address:
        runner.env |= {"TMPDIR": str(tmp_path / "tmp"), "PIP_INDEX_URL": address, "PIP_NO_INDEX": "0"}
        runner.env |= {"UV_INDEX_URL": address, "UV_NO_INDEX": "0", "UV_OFFLINE": "0"}
        (tmp_path / "tmp").mkdir()
        result = runner.run(scratch.action, cancel_on=INSTALLING)
    assert result.exit_code == 130
    assert result.left_running == []
    assert environments(runner) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_cancelled_step_reaches_the_entrypoint(scratch: Scratch, runner: Runner) -> None:
    runner.env["ASC_WAIT"] = "/never"
    result = runner.run(scratch.action, cancel_on="waiting")
    assert result.exit_code == 130
    assert result.left_running == []


def test_what_a_killed_job_left_is_swept_up(scratch: Scratch, runner: Runner) -> None:
    cache = runner.tool_cache / "app-store-connect-actions"
    ages = {"aaa.1.new": 2 / 24, "bbb.2.new": 0, "old": 32, "used": 20}
    for name, days in ages.items():
        (cache / name / "bin").mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(cache / name, (then, then))
    runner.run(scratch.action)
    assert {"aaa.1.new", "bbb.2.new", "old", "used"} & set(environments(runner)) == {"bbb.2.new", "used"}


def test_half_an_environment_is_made_anew(scratch: Scratch, runner: Runner) -> None:
    environment = Path(read_report(runner.run(scratch.action).outputs)["prefix"])
    shutil.rmtree(environment / "bin")
    again = runner.run(scratch.action)
    assert again.exit_code == 0, again.log.text
    assert environments(runner) == [environment.name]


def test_settings_of_pip_do_not_change_what_is_installed(scratch: Scratch, runner: Runner) -> None:
    choose_installer(runner, "pip")
    runner.env |= {"PIP_DRY_RUN": "1", "PIP_CONSTRAINT": "/nowhere", "PIP_PLATFORM": "win32"}
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text


def test_a_use_keeps_an_environment_young(scratch: Scratch, runner: Runner) -> None:
    environment = Path(read_report(runner.run(scratch.action).outputs)["prefix"])
    os.utime(environment, (0, 0))
    runner.run(scratch.action)
    assert environment.stat().st_mtime > 1_700_000_000, "the time of the use, not that of 1970"


def test_without_a_tool_cache_the_environment_lasts_for_the_job(scratch: Scratch, runner: Runner) -> None:
    runner.tool_cache.rmdir()
    runner.tool_cache.write_text("a file, so that no folder can be made here")
    result = runner.run(scratch.action)
    assert read_report(result.outputs)["prefix"].startswith(str(runner.temp))
    assert result.log.annotations == []


@pytest.mark.parametrize("installer", INSTALLERS)
def test_nothing_in_the_workspace_is_imported_or_obeyed(
    scratch: Scratch, runner: Runner, installer: str, tmp_path: Path
) -> None:
    choose_installer(runner, installer)
    trap = f"open({str(tmp_path / 'trapped')!r}, 'a').write(__file__ + chr(10))\n"
    for module in ("json", "os", "pip", "venv", "ensurepip", "tiny", "sitecustomize", "usercustomize", "asc"):
        (runner.workspace / f"{module}.py").write_text(trap)
    for name in ("pip.conf", "uv.toml", "pyproject.toml", "setup.cfg", "pyvenv.cfg", ".python-version"):
        (runner.workspace / name).write_text("not = [valid")
    runner.env |= {"PYTHONPATH": str(runner.workspace), "PYTHONHOME": "", "PIP_TARGET": str(runner.workspace)}
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    report = read_report(result.outputs)
    assert not (tmp_path / "trapped").exists()
    assert report["isolated"] == 1
    assert not any(path.startswith(str(runner.workspace)) for path in report["imports"])


def test_a_cdpath_leads_nowhere_else(scratch: Scratch, tmp_path: Path) -> None:
    elsewhere = make_scratch(tmp_path / "elsewhere")
    variables = {"CDPATH": str(elsewhere.root), "RUNNER_TOOL_CACHE": str(tmp_path / "tools")}
    done = subprocess.run(
        ["bash", "bin/run"],
        cwd=scratch.root,
        env={**os.environ, **scratch.env, **variables, "ASC_RUNTIME": "native"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(elsewhere.root) not in done.stdout


ODD_NAMES = ("a b", 'it\'s "quoted"', "a,b", "a:b", "ümläut ✓", "$HOME `id`", "*")


@pytest.mark.parametrize(
    ("installer", "name"), [("pip", " ".join(ODD_NAMES)), *(("uv", name) for name in ODD_NAMES)]
)
def test_odd_paths(installer: str, name: str, tmp_path: Path) -> None:
    scratch = make_scratch(tmp_path / name / "checkout")
    # venv refuses a path with ":", and pip's list of places is separated by blanks: these two stay plain.
    plain = make_scratch(tmp_path / "plain")
    (scratch.root / "requirements.lock").write_text((plain.root / "requirements.lock").read_text())
    runner = Runner(tmp_path / name / "job", env={**plain.env, "ASC_RUNTIME": "native"})
    choose_installer(runner, installer)
    runner.tool_cache = tmp_path / "tools"
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    assert read_report(result.outputs)["folder"] == str(runner.workspace)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_package_that_is_not_the_locked_one_is_refused(
    scratch: Scratch, runner: Runner, installer: str
) -> None:
    choose_installer(runner, installer)
    lock = scratch.root / "requirements.lock"
    lock.write_text(re.sub(r"sha256:\w+", "sha256:" + "0" * 64, lock.read_text()))
    result = runner.run(scratch.action)
    assert result.exit_code == 2
    assert "could not be installed" in result.log.messages()[0]
    assert environments(runner) == []


def test_the_launcher_needs_no_newer_bash_than_that_of_macos() -> None:
    """3.2 is not everywhere at hand; what is newer than it is easily seen, though."""
    text = (Path(__file__).parents[2] / "bin/run").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    newer = (
        r"\bmapfile\b|\breadarray\b|declare -[An]|local -n|\$\{\w+[\^,@]|\|&|&>>|\bcoproc\b|wait -n|EPOCH|;;&"
    )
    assert re.search(newer, code) is None
    assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0
