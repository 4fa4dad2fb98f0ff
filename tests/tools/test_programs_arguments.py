"""The programs of the repository refuse arguments that they cannot use with exit code 2 and name the argument."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest
import reliability.__main__
import simulation.__main__

from core.running import ENTRYPOINT

ROOT = ENTRYPOINT.parent
NONE: Mapping[str, str] = {}
MAIN = {"reliability": reliability.__main__.main, "simulation": simulation.__main__.main}
VARIABLES = ("ONLY", "GROWTH", "QUICK", "OUT")


def run(program: Sequence[str], variables: Mapping[str, str] = NONE) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "reliability --only nonsense",
        "reliability --one-in 0",
        "reliability --processes 0",
        "reliability --side-by-side 0",
        "simulation --jobs 0",
        "simulation --speed 0",
        "simulation --speed nan",
        "simulation --limit 0",
        "simulation --spent -1",
        "simulation --arrival 0",
        "simulation --cold -1",
        "simulation --processing inf",
        "simulation --only nonsense",
    ],
)
def test_a_wrong_argument_is_named(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, argument, value = arguments.split()
    with pytest.raises(SystemExit) as ended:
        MAIN[program]([argument, value])
    assert ended.value.code == 2
    assert argument in capsys.readouterr().err.splitlines()[-1]


def test_simulation_runs_jobs_of_one_kind_that_need_no_relay() -> None:
    done = run(["-m", "simulation", "--only", "devices", "--jobs", "1", "--arrival", "1", "--cold", "0"])
    assert done.returncode == 0, done.stderr


def test_reliability_fails_if_no_cell_was_chosen() -> None:
    done = run(["-m", "reliability", "--only", "fetch-build-number", "--cell", "nonsense"])
    assert (done.returncode, "--cell" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        ([], {"ONLY": "nonsense"}, "ONLY"),
        ([], {"GROWTH": "soon"}, "GROWTH"),
        (["fetch"], {}, "ONLY="),
        (["--help"], {}, "ONLY="),
    ],
)
def test_bench_names_the_variable(arguments: list[str], variables: dict[str, str], named: str) -> None:
    done = run(["-m", "bench", *arguments], variables)
    assert (done.returncode, named in done.stderr) == (2, True)


@pytest.mark.parametrize("program", ["generate.py", "operations.py", "scaffold.py", "release.py"])
def test_a_tool_changes_nothing_if_its_argument_is_wrong(program: str) -> None:
    done = run(["-I", f"tools/{program}", "--nonsense"])
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("target", ["sbom", "pictures", "site"])
def test_a_tool_without_its_packages_names_the_target_that_installs_them(target: str) -> None:
    # Without the packages of the environment, whose Python runs this test: it may have some of them.
    done = run(["-I", "-S", f"tools/{target}.py"])
    assert (done.returncode, f"make {target}" in done.stderr) == (2, True), done.stderr
