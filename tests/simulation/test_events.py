"""The events of the busy organisation: one that GitHub refuses arrives after the hourly workflow asks for it."""

from __future__ import annotations

from pathlib import Path

from simulation.relay import address, relay
from simulation.running import run
from simulation.servers import free_port

from asc_sandbox.plans import Webhooks
from asc_sandbox.server import Sandbox
from simulation import events, organisation, releases

ATTEMPTS = 2


def test_an_event_that_is_lost_arrives_after_the_hourly_workflow(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    job = releases.release(tmp_path / "job", releases.bundle_id(0))
    bundle_id, port = job.inputs["bundle-id"], free_port()
    webhooks = Webhooks(to=address(port), attempts=ATTEMPTS, retry=0.1)
    with (
        Sandbox(organisation.seed([job]), webhooks=webhooks, clock_speed=10) as sandbox,
        relay(tmp_path / "relay", port, [bundle_id], sandbox) as running,
    ):
        running.hub.status = lambda number: 502 if number <= ATTEMPTS else 204
        assert events.lost(sandbox) == set()
        (version,) = [
            record
            for record in sandbox.world.all("appStoreVersions")
            if record.attributes["versionString"] == releases.VERSION
        ]
        sandbox.world.change(version, appVersionState="IN_REVIEW")
        assert events.lost(sandbox) == {bundle_id}
        assert list(events.findings(running, [], sandbox, organisation.VERSION)), "the event started nothing"
        again = events.redelivery(tmp_path / "hour", bundle_id)
        (outcome,) = run([again], sandbox, arrival=0, cold=0, limit=60)
        assert outcome.code == 0, outcome.log
        assert events.lost(sandbox) == set()
        assert list(events.findings(running, [], sandbox, organisation.VERSION)) == []
        assert events.summary(running, sandbox).redelivered == 1
