"""docs/sandbox.md says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from asc_sandbox.cli import main
from asc_sandbox.faults import EFFECTS, SETTINGS, parse
from asc_sandbox.resources import ENDPOINTS, SCHEMA
from asc_sandbox.roles import ROLES
from asc_sandbox.seed import load

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_seed_of_the_page_is_a_seed() -> None:
    (example,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if block.startswith("keys:")
    ]
    assert load(yaml.safe_load(example), SCHEMA).world.find("builds", "build-42")


def test_the_faults_of_the_page_are_faults() -> None:
    specs = re.findall(r"--fault '([^']+)'", TEXT)
    assert len([parse(spec) for spec in specs]) == 4


@pytest.mark.parametrize("word", [*EFFECTS, *SETTINGS, *SCHEMA, *sorted(ROLES)])
def test_the_page_names_every_word(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`", TEXT)


@pytest.mark.parametrize("path", sorted({endpoint.path for endpoint in ENDPOINTS}))
def test_the_page_names_every_path(path: str) -> None:
    part = path if path.count("/") < 4 else "/" + path.rsplit("/", 1)[1]
    assert f"`{part}`" in TEXT or f"`{part.removesuffix('/{id}')}`" in TEXT


def test_help_names_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {word}[=:]", said, re.MULTILINE) for word in (*EFFECTS, *SETTINGS))
