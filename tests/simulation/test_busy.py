"""A small busy organisation: 20 jobs of one team at once, in real processes."""

from __future__ import annotations

from pathlib import Path

from simulation.scenario import Scenario, play

from simulation import judging, report

SMALL = Scenario(jobs=20, arrival=8, speed=8, processing=0.3, cold=0)


def test_no_job_fails_and_everything_is_there_once(tmp_path: Path) -> None:
    with play(SMALL, tmp_path) as played:
        assert played.findings == []
        losers = [each for each in played.outcomes if each.code]
        assert len(losers) == 1, "two uploads had one number"
        assert all(map(judging.lost_the_race, losers))
        lines = list(report.table(played.outcomes))
        assert lines[-1].startswith("| all | 20 | 19 | 1 |")


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """Given certificates that Apple lost, and a build of another number, when it is judged, then it is told."""
    with play(Scenario(jobs=3, arrival=1, speed=8, processing=0, cold=0), tmp_path) as played:
        assert played.findings == []
        sandbox = played.sandbox
        (build,) = [each for each in sandbox.world.all("builds") if each.attributes["version"] == "101"]
        sandbox.world.change(build, version="102")
        for each in sandbox.world.all("certificates"):
            sandbox.world.remove(each)
        found = judging.findings(played.outcomes, sandbox, played.places, longest=0)
    assert any("101 has 0 builds" in each for each in found)
    assert any("certificates, Apple 0" in each for each in found)
    assert any("took" in each for each in found)
