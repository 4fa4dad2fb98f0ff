"""Places to store in, fresh for each test."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from signing.storage import places
from signing.storage.places import Place


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Other people's servers and clients do not fill the report."""
    for name in ("werkzeug", "botocore", "urllib3", "moto"):
        logging.getLogger(name).setLevel(logging.WARNING)


@pytest.fixture(params=places.KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """One of each kind."""
    with ExitStack() as stack, places.place(request.param, tmp_path, stack) as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Place]:
    """A local bare repository."""
    with ExitStack() as stack, places.place("git", tmp_path, stack) as made:
        yield made
