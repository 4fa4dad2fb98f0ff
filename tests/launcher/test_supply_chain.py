"""Nothing is installed but what a lock names by hash, and no package runs code of its own while it is installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from support.scratch import REPOSITORY

SCRIPTS = [
    path
    for pattern in (
        "bin/*",
        "tools/*",
        ".ci/*",
        "Dockerfile",
        "Makefile",
        ".github/workflows/*.yml",
        "action.yml",
    )
    for path in sorted(REPOSITORY.glob(pattern))
    if path.is_file()
]
INSTALLS = re.compile(r"\bpip\b.*\binstall\b(?! uv)|\buvx?\b.*\b(?:run|tool|sync|pip install)\b")
WHEELS_BY_HASH = ("--no-deps", "--require-hashes", "--only-binary")


def commands(path: Path) -> list[str]:
    """The lines of a script, continued ones as one; comments and what is only said are left out."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if not line.startswith(("#", "fail ", "echo "))]


def with_arrays(line: str, text: str) -> str:
    """A command line with what stands in the arrays that it names."""
    arrays = dict(re.findall(r"\b(\w+)=\(([^)]*)\)", text))
    return re.sub(r'"\$\{(\w+)\[@\]\}"', lambda found: arrays.get(found[1], ""), line)


def installs() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(REPOSITORY)), with_arrays(line, path.read_text("utf-8")))
        for path in SCRIPTS
        for line in commands(path)
        if INSTALLS.search(line)
    ]


def test_the_places_that_install_are_those_that_are_known() -> None:
    """A new one has to be looked at, and to be named here."""
    assert {place for place, _ in installs()} == {
        "bin/run",
        "tools/setup",
        "tools/relay-function",
        "Dockerfile",
    }
    assert len(installs()) == 6


@pytest.mark.parametrize(("place", "command"), installs())
def test_only_wheels_are_installed_and_only_by_their_hash(place: str, command: str) -> None:
    assert [flag for flag in WHEELS_BY_HASH if flag not in command] == [], f"{place}: {command}"


def test_the_locks_are_made_for_wheels_on_every_platform() -> None:
    made = (REPOSITORY / "tools/lock").read_text("utf-8")
    assert all(flag in made for flag in ("--only-binary ':all:'", "--generate-hashes", "--universal"))


def test_npm_runs_no_scripts_of_packages() -> None:
    lines = [line for path in SCRIPTS for line in commands(path) if re.search(r"\bnpm (install|ci)\b", line)]
    assert lines
    assert all("--ignore-scripts" in line for line in lines)


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob(".github/workflows/*.yml")), ids=lambda path: path.name
)
def test_actions_of_others_are_named_by_commit(path: Path) -> None:
    used = re.findall(r"uses: *(\S+)", path.read_text("utf-8"))
    foreign = [each for each in used if not each.startswith(("./", "$/"))]
    assert [each for each in foreign if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40}", each)] == []


def test_every_lock_is_audited_and_every_group_has_one() -> None:
    groups = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert {path.stem for path in REPOSITORY.glob("locks/*.lock")} == set(groups) - {"dev"}
    assert "requirements*.lock locks/*.lock" in (REPOSITORY / "tools/audit").read_text("utf-8")
