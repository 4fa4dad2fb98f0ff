"""What holds for all workflows and for what the Marketplace shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from asc.commands import NAMES
from support.scratch import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
ACTIONS = [REPOSITORY / "action.yml", *sorted(REPOSITORY.glob("actions/*/action.yml"))]
COLORS = {"white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"}


def read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), yaml.BaseLoader)


def steps(path: Path) -> list[dict[str, str]]:
    content = read(path)
    if "runs" in content:
        return list(content["runs"].get("steps", []))
    return [step for job in content["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_expression_is_part_of_a_script(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_of_others_are_pinned_and_permissions_declared(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [each for each in used if not re.fullmatch(r"(\./|\$/).+|[\w/-]+@[0-9a-f]{40}", each)] == []
    workflow = read(path)
    for name, job in workflow["jobs"].items():
        assert "permissions" in job or workflow["permissions"] == {"contents": "read"}, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_end(path: Path) -> None:
    endless = [
        name for name, job in read(path)["jobs"].items() if "uses" not in job and "timeout-minutes" not in job
    ]
    assert endless == []


def test_what_the_marketplace_takes() -> None:
    """Names are unique, descriptions shorter than 125 characters, icons Feather's, colours of a list."""
    actions = [read(path) for path in ACTIONS]
    assert len({action["name"] for action in actions}) == len(NAMES) + 1
    for action in actions:
        assert len(action["description"]) < 125
        assert action["branding"]["color"] in COLORS
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", action["branding"]["icon"])
        assert action["author"]
