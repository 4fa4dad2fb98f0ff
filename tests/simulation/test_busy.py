"""A small busy organisation: 20 jobs of one team at once, in real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulation.scenario import Played, Scenario, play

from simulation import judging, report

SMALL = Scenario(jobs=20, arrival=8, speed=8, processing=0.3, cold=0)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with play(SMALL, Path(tmp_path_factory.mktemp("simulation"))) as played:
        yield played


def test_no_job_fails_and_everything_is_there_once(played: Played) -> None:
    assert played.findings == []
    losers = [each for each in played.outcomes if each.code]
    assert len(losers) == 1, "two uploads had one number"
    assert all(map(judging.lost_the_race, losers))
    assert list(report.table(played.outcomes))[-1].startswith("| all | 20 | 19 | 1 |")


def test_what_is_wrong_is_found(played: Played) -> None:
    """Given certificates that Apple lost, and a build of another number, when it is judged, then it is told."""
    sandbox = played.sandbox
    (build,) = [each for each in sandbox.world.all("builds") if each.attributes["version"] == "101"]
    sandbox.world.change(build, version="999")
    for each in sandbox.world.all("certificates"):
        sandbox.world.remove(each)
    found = judging.findings(played.outcomes, sandbox, played.places, longest=0)
    assert any("101 has 0 builds" in each for each in found)
    assert any("certificates, Apple 0" in each for each in found)
    assert any("took" in each for each in found)
