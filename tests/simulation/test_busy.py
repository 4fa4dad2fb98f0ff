"""A small busy organisation: 20 jobs of one team at once, in real processes."""

from __future__ import annotations

from pathlib import Path

from simulation.scenario import Played, Scenario, play

from simulation import judging, report

SMALL = Scenario(jobs=20, arrival=8, speed=8, processing=0.3, cold=0)


def test_no_job_fails_and_everything_is_there_once(tmp_path: Path) -> None:
    with play(SMALL, tmp_path) as played:
        assert played.findings == []
        losers = [each for each in played.outcomes if each.code]
        assert len(losers) == 1, "two uploads had one number"
        assert all(map(judging.lost_the_race, losers))
        assert list(report.table(played.outcomes))[-1].startswith("| all | 20 | 19 | 1 |")
        found = after_something_went_wrong(played)
    assert any("101 has 0 builds" in each for each in found)
    assert any("certificates, Apple 0" in each for each in found)
    assert any("took" in each for each in found)


def after_something_went_wrong(played: Played) -> list[str]:
    """What is found where Apple lost its certificates, and a build has another number: else nothing is proved."""
    (build,) = [each for each in played.sandbox.world.all("builds") if each.attributes["version"] == "101"]
    played.sandbox.world.change(build, version="999")
    for each in played.sandbox.world.all("certificates"):
        played.sandbox.world.remove(each)
    return judging.findings(played.outcomes, played.sandbox, played.places, longest=0)
