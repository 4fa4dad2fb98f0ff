"""A small busy organisation: 25 jobs of one team at once, in real processes."""

from __future__ import annotations

from pathlib import Path

from simulation.scenario import Result, Scenario, run_scenario

from simulation import judging, report

SMALL = Scenario(jobs=25, arrival=10, speed=8, processing=0.3, cold=0)


def test_no_job_fails_and_everything_is_there_once(tmp_path: Path) -> None:
    with run_scenario(SMALL, tmp_path) as result:
        assert result.findings == []
        losers = [outcome for outcome in result.outcomes if outcome.code]
        assert len(losers) == 1, "two uploads had one number"
        assert all(map(judging.lost_the_race, losers))
        assert list(report.table(result.outcomes))[-1].startswith("| all | 25 | 24 | 1 |")
        # 3 events of each upload (received, processed, ready for testers), 1 of the version that two jobs submit.
        assert result.events.count >= 5 * 3 + 1
        assert len(result.events.relay.answers) > result.events.count, "the relay asks for the details"
        found = after_something_went_wrong(result)
    assert any("101 has 0 builds" in finding for finding in found)
    assert any("certificates, Apple 0" in finding for finding in found)
    assert any("took" in finding for finding in found)
    assert any("was dispatched 0 times" in finding for finding in found)
    assert any("was dispatched 2 times" in finding for finding in found)
    assert any("buildUploads.COMPLETE 1.5.0 101 started 0 workflows" in finding for finding in found)


def after_something_went_wrong(result: Result) -> list[str]:
    """Return the findings after Apple lost its certificates, a build got another number, and GitHub an event twice."""
    builds = result.sandbox.world.all("builds")
    (build,) = [build for build in builds if build.attributes["version"] == "101"]
    result.sandbox.world.change(build, version="999")
    for certificate in result.sandbox.world.all("certificates"):
        result.sandbox.world.remove(certificate)
    dispatches = result.events.relay.hub.dispatches
    of_the_build = [dispatch for dispatch in dispatches if dispatch.payload.get("build-number") == "101"]
    for dispatch in of_the_build:
        dispatches.remove(dispatch)
    dispatches.append(dispatches[0])
    return judging.findings(result.outcomes, result.sandbox, result.events.relay, result.places, longest=0)
