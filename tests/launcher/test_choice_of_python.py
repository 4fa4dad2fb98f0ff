"""Which Python and which installer bin/run takes, and what it says where one does not serve."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from launcher.programs import INSTALLERS, add_program, folder_of_programs
from support.runner import Runner
from support.scratch import UV, Scratch, read_report


@pytest.fixture
def programs(runner: Runner, tmp_path: Path) -> Path:
    """Return a folder that is all of the runner's PATH, without Python, uv and Docker."""
    folder = folder_of_programs(tmp_path / "programs")
    runner.env["PATH"] = str(folder)
    return folder


def installed_with(scratch: Scratch, runner: Runner) -> str:
    """Return the installer that an environment names in its files."""
    prefix = Path(read_report(runner.run(scratch.action).outputs)["prefix"])
    (installer,) = prefix.glob("lib/*/site-packages/tiny-*/INSTALLER")
    return installer.read_text().strip()


def make_python(folder: Path, *, pip: bool) -> Path:
    """Return another interpreter of this version. Its pip is that of this one: to install one takes seconds."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    if pip:
        (site,) = folder.glob("lib/*/site-packages")
        (site / "pip.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin/python"


def test_the_workspace_chooses_no_python(scratch: Scratch, runner: Runner, programs: Path) -> None:
    (programs / "uv").symlink_to(UV)
    shim = "if [[ -e .python-version ]]; then echo 'pyenv: version is not installed' >&2; exit 127; fi"
    add_program(programs, "python3", f'{shim}\nexec {sys.executable} "$@"')
    (runner.workspace / ".python-version").write_text("9.9\n")
    assert runner.run(scratch.action).exit_code == 0


def test_the_words_of_a_shim_are_told(scratch: Scratch, runner: Runner, programs: Path) -> None:
    add_program(programs, "python3", "echo 'pyenv: version 9.9 is not installed' >&2; exit 127")
    message = runner.run(scratch.action).log.messages()[0]
    assert "python3 said: pyenv: version 9.9 is not installed" in message


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_python_without_a_wheel_is_passed_over(
    scratch: Scratch, runner: Runner, programs: Path, tmp_path: Path, installer: str
) -> None:
    """The second is this interpreter, too: its shim brings the wheel that the first one lacked."""
    if installer == "uv":
        (programs / "uv").symlink_to(UV)
    wheel = scratch.wheels / "tiny-1.0-py3-none-any.whl"
    wheel.rename(scratch.wheels / "tiny-1.0-py3-none-win32.whl")
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    shutil.copytree(scratch.wheels, tmp_path / "other")
    (tmp_path / "other/tiny-1.0-py3-none-win32.whl").rename(tmp_path / "other/tiny-1.0-py3-none-any.whl")
    bring = f"cp {tmp_path}/other/tiny-1.0-py3-none-any.whl {scratch.wheels}/"
    second = make_python(tmp_path / "second", pip=installer == "pip")
    add_program(programs, "python3.14", f'{bring}\nexec {second} "$@"')
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    assert "tiny==1.0" in result.log.text
    assert "Looking for another Python." in result.log.text


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_missing_wheel_names_package_python_and_machine(
    scratch: Scratch, runner: Runner, programs: Path, installer: str
) -> None:
    if installer == "uv":
        (programs / "uv").symlink_to(UV)
    wheel = scratch.wheels / "tiny-1.0-py3-none-any.whl"
    wheel.rename(scratch.wheels / "tiny-1.0-py3-none-win32.whl")
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    for _ in range(2):  # and a later step of the job says the same
        message = runner.run(scratch.action).log.messages()[0]
        system = os.uname()
        assert f"tiny==1.0 for Python 3.{sys.version_info[1]} on {system.sysname} {system.machine}" in (
            message.replace("has no wheel for", "for")
        )
        assert "PIP_INDEX_URL" not in message


@pytest.mark.parametrize(
    ("settings", "installer"),
    [
        ({"PIP_FIND_LINKS": "wheels"}, "pip"),
        ({"UV_FIND_LINKS": "wheels"}, "uv"),
        ({"UV_FIND_LINKS": "wheels", "PIP_FIND_LINKS": "/nowhere"}, "uv"),
    ],
)
def test_the_installer_whose_settings_say_where_the_index_is_is_taken(
    scratch: Scratch, runner: Runner, programs: Path, settings: dict[str, str], installer: str
) -> None:
    (programs / "uv").symlink_to(UV)
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    forget_settings(runner)
    runner.env |= {name: value.replace("wheels", str(scratch.wheels)) for name, value in settings.items()}
    assert installed_with(scratch, runner) == installer


def test_pips_variables_hold_for_uv_where_the_python_has_no_pip(
    scratch: Scratch, runner: Runner, programs: Path, tmp_path: Path
) -> None:
    (programs / "uv").symlink_to(UV)
    bare = make_python(tmp_path / "bare", pip=False)
    add_program(programs, "python3", f'exec {bare} "$@"')
    forget_settings(runner)
    runner.env |= {"PIP_FIND_LINKS": str(scratch.wheels), "PIP_NO_INDEX": "1"}
    assert installed_with(scratch, runner) == "uv"


def test_a_home_that_cannot_be_written_does_not_stop_uv(
    scratch: Scratch, runner: Runner, programs: Path, tmp_path: Path
) -> None:
    (programs / "uv").symlink_to(UV)
    add_program(programs, "python3", f'exec {sys.executable} "$@"')
    (tmp_path / "home").touch()  # a file, for root may write into any folder
    del runner.env["UV_CACHE_DIR"]
    runner.env |= {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": ""}
    assert installed_with(scratch, runner) == "uv"


def test_where_uv_is_alone_the_error_says_how_it_brings_a_python(
    scratch: Scratch, runner: Runner, programs: Path
) -> None:
    add_program(programs, "uv", "exit 2")
    assert "uv python install" in runner.run(scratch.action).log.messages()[0]


def test_a_python_that_uv_brought_is_found(scratch: Scratch, runner: Runner, programs: Path) -> None:
    add_program(programs, "uv", f'if [[ $1 == python ]]; then echo {sys.executable}; else exec {UV} "$@"; fi')
    assert runner.run(scratch.action).exit_code == 0


def forget_settings(runner: Runner) -> None:
    for name in [name for name in runner.env if name.startswith(("PIP_", "UV_"))]:
        del runner.env[name]
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        runner.env.pop(name, None)


@pytest.mark.parametrize("damage", ["no lib", "no module", "raises", "no file"])
def test_an_environment_that_does_not_import_is_made_anew(
    scratch: Scratch, runner: Runner, damage: str
) -> None:
    environment = Path(read_report(runner.run(scratch.action).outputs)["prefix"])
    (site,) = environment.glob("lib/*/site-packages")
    if damage == "no lib":
        shutil.rmtree(environment / "lib")
    elif damage == "no module":
        shutil.rmtree(site / "tiny")
    elif damage == "raises":
        (site / "tiny/__init__.py").unlink()  # uv links it to its cache
        (site / "tiny/__init__.py").write_text("raise ImportError")
    else:
        (site / "tiny/__init__.py").unlink()
    result = runner.run(scratch.action)
    assert result.exit_code == 0, result.log.text
    assert "Install the Python packages" in result.log.text


def test_another_job_tries_what_the_tool_cache_holds(scratch: Scratch, runner: Runner) -> None:
    environment = Path(read_report(runner.run(scratch.action).outputs)["prefix"])
    module = next(environment.glob("lib/*/site-packages/tiny/__init__.py"))
    then = module.stat().st_mtime
    module.unlink()
    module.write_text("raise ImportError")
    os.utime(module, (then, then))  # as in another image: no file has changed, and it does not import
    for file in runner.temp.glob("app-store-connect-actions.*"):
        file.unlink()
    assert runner.run(scratch.action).exit_code == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"BASH_FUNC_cd%%": "() {  echo nowhere; return 1; }"},
        {"SHELLOPTS": "noglob"},
        {"SHELLOPTS": "posix"},
        {"BASHOPTS": "failglob"},
    ],
)
def test_bash_settings_of_the_job_change_nothing(
    scratch: Scratch, tmp_path: Path, variables: dict[str, str]
) -> None:
    done = scratch.launch(cwd=tmp_path, ASC_RUNTIME="native", **variables)
    assert done.returncode == 0, done.stderr
