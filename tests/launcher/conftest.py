from pathlib import Path

import pytest

from support.runner import Runner
from support.scratch import Scratch, make_scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return make_scratch(tmp_path / "checkout")


@pytest.fixture
def runner(tmp_path: Path, scratch: Scratch) -> Runner:
    return Runner(tmp_path / "job", env={**scratch.env, "ASC_RUNTIME": "native"})
