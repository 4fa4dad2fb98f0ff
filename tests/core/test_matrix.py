"""A sample of the fault matrix (`make reliability` runs all of it): nothing but success and clear failure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from reliability import matrix
from reliability.cells import Cell, Request
from reliability.every import SCENARIOS
from reliability.faults import ALWAYS, ONCE, Kind
from reliability.matrix import FAILURE, NOT_MET, SUCCESS, WRONG
from reliability.moving import MOVING
from reliability.reading import FETCH, Fetch
from reliability.scenarios import Json
from reliability.steps import new_forker
from reliability.storages import STORAGES

from asc_sandbox.server import Sandbox
from core.running import Done
from support.forked import Forker

CELLS = 3
"""Cells of each scenario that are played: enough for each kind of fault over all scenarios, in some seconds."""
AT_ONCE = 8


@pytest.fixture(scope="module")
def forker() -> Iterator[Forker]:
    with new_forker() as made:
        yield made


NOT_HERE = {scenario.name for scenario in (*STORAGES, *MOVING)} - {
    "sync-signing, sync, GitLab",
    "sync-signing, revoke, S3",
    "sync-signing, change-passphrase, git over http",
}
"""tests/signing/storage/test_storage_faults.py breaks these storages as well."""


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in NOT_HERE])
def test_whatever_goes_wrong_a_step_succeeds_or_fails_clearly(
    tmp_path: Path, forker: Forker, name: str
) -> None:
    course = matrix.course_of(SCENARIOS[name], forker, tmp_path)
    # A checksum of the name chooses, so that each run plays the same ones.
    chosen = sorted(course.cells(), key=lambda cell: zlib.crc32(str(cell).encode()))[:CELLS]
    outcomes = list(matrix.run(course, chosen, forker, tmp_path, AT_ONCE))
    assert [(str(each.cell), each.details) for each in matrix.wrong(outcomes)] == []
    assert len(outcomes) == CELLS or not course.requests
    assert [each.result for each in outcomes].count(NOT_MET) <= len(outcomes) / 3


def test_the_cells_are_made_of_the_requests_of_a_run(tmp_path: Path, forker: Forker) -> None:
    course = matrix.course_of(FETCH, forker, tmp_path)
    requests = {
        Request("GET", "/v1/apps", 0),
        Request("GET", "/v1/builds", 0),
        Request("GET", "/v1/apps/*/buildUploads", 0),
    }
    assert set(course.requests) == requests
    found = course.cells()
    assert {each.requests[0] for each in found if len(each.requests) == 1} == requests
    assert len(found) == len(set(found)) > 150


def test_a_storage_that_goes_away_after_the_certificate_was_made_is_unreachable_and_loses_nothing(
    tmp_path: Path, forker: Forker
) -> None:
    course = matrix.course_of(SCENARIOS["sync-signing, sync, GitLab"], forker, tmp_path)
    away = Cell(course.scenario.name, (Request("POST", "/journal", 1),), Kind("status=503", ALWAYS))
    outcome = matrix.run_cell(course, away, forker, tmp_path)
    assert (outcome.result, outcome.details) == (FAILURE, ())


class Wrong(Fetch):
    """A scenario that finds fault with everything."""

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        yield from ["it is wrong"] if sandbox.faults_hit else []


class Another(Fetch):
    """A scenario that comes to something else after a fault."""

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        return {"hit": sandbox.faults_hit}


CELL = Cell(FETCH.name, (Request("GET", "/v1/apps", 0),), Kind("status=503", ONCE))


def test_a_matrix_that_sees_nothing_would_say_so(tmp_path: Path, forker: Forker) -> None:
    """What is wrong is found: a broken promise, another result, a hang, a fault that is not met."""
    for scenario, result in ((FETCH, SUCCESS), (_as(Wrong), WRONG), (_as(Another), WRONG)):
        course = matrix.course_of(scenario, forker, tmp_path)
        assert matrix.run_cell(course, CELL, forker, tmp_path).result == result
    course = matrix.course_of(FETCH, forker, tmp_path)
    refused = replace(CELL, kind=Kind("status=403", ONCE))
    assert matrix.run_cell(course, refused, forker, tmp_path).result == FAILURE
    elsewhere = replace(CELL, requests=(Request("GET", "/v1/devices", 0),))
    assert matrix.run_cell(course, elsewhere, forker, tmp_path).result == NOT_MET


def test_a_step_that_hangs_is_found_and_ended(
    tmp_path: Path, forker: Forker, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = matrix.course_of(FETCH, forker, tmp_path)
    monkeypatch.setattr(matrix, "DEADLINE", 0.5)
    hanging = replace(CELL, kind=Kind("hang", ONCE))
    outcome = matrix.run_cell(course, hanging, forker, tmp_path)
    assert (outcome.result, "it hangs" in outcome.details[0]) == (WRONG, True)


def _as(kind: type[Fetch]) -> Fetch:
    return kind(FETCH.name, FETCH.command, FETCH.world)
