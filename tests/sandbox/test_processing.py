"""What becomes of an upload, and when."""

from __future__ import annotations

from typing import Any

import pytest

from asc_sandbox.agenda import Agenda
from asc_sandbox.clock import Clock
from asc_sandbox.plans import OUTCOMES, Processing
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.uploading import state, upload
from support.sandbox import app, build, ipa, seed, start_sandbox

WORLD = seed(apps=[app("com.example.app", id="1", primaryLocale="de-DE")])


def builds(sandbox: Sandbox) -> list[str]:
    return [str(each.attributes["processingState"]) for each in sandbox.world.all("builds")]


@pytest.mark.parametrize(
    ("outcome", "built", "uploaded", "codes"),
    [
        ("valid", ["VALID"], "COMPLETE", []),
        ("invalid", ["INVALID"], "FAILED", ["90683"]),
        ("failed", ["FAILED"], "FAILED", ["90683"]),
        ("upload-failed", [], "FAILED", ["90683"]),
        ("never", ["PROCESSING"], "PROCESSING", []),
        ("stuck-upload", ["VALID"], "AWAITING_UPLOAD", []),
    ],
)
def test_an_upload_ends_as_its_outcome_says(
    outcome: Any, built: list[str], uploaded: str, codes: list[str]
) -> None:
    with start_sandbox(WORLD, processing=Processing(0, outcome)) as sandbox:
        client = Client(sandbox)
        found = state(client, upload(client, ipa()))
        assert builds(sandbox) == built
        assert (found["state"], [each["code"] for each in found["errors"]]) == (uploaded, codes)
        assert all(each["description"] for each in found["errors"])


def test_every_outcome_is_tested() -> None:
    (mark,) = [
        each for each in test_an_upload_ends_as_its_outcome_says.pytestmark if each.name == "parametrize"
    ]  # type: ignore[attr-defined]
    assert tuple(each[0] for each in mark.args[1]) == OUTCOMES


def test_an_upload_is_processed_the_build_appears_and_becomes_valid() -> None:
    with start_sandbox(WORLD, processing=Processing(60)) as sandbox:
        client = Client(sandbox)
        upload_id = upload(client, ipa())
        seen = [(state(client, upload_id)["state"], builds(sandbox))]
        for _ in range(2):
            sandbox.skip(30)
            seen.append((state(client, upload_id)["state"], builds(sandbox)))
        assert seen == [("PROCESSING", []), ("PROCESSING", ["PROCESSING"]), ("COMPLETE", ["VALID"])]


def test_a_build_joins_its_train_or_begins_one() -> None:
    trains = seed(apps=[app("com.example.app", id="1", builds=[build("1.0", "7", platform="MAC_OS")])])
    with start_sandbox(trains, processing=Processing(0)) as sandbox:
        client = Client(sandbox)
        upload(client, ipa())
        (mac, ios) = client.get("/v1/preReleaseVersions", include="builds").document["data"]
        assert (ios["attributes"], len(ios["relationships"]["builds"]["data"])) == (
            {"version": "1.0", "platform": "IOS"},
            1,
        )
        assert len(mac["relationships"]["builds"]["data"]) == 1
    trains = seed(apps=[app("com.example.app", id="1", builds=[build("1.0", "0")])])
    with start_sandbox(trains, processing=Processing(0)) as sandbox:
        upload(Client(sandbox), ipa())
        assert len(sandbox.world.all("preReleaseVersions")) == 1


def test_what_a_valid_build_comes_with() -> None:
    with start_sandbox(WORLD, processing=Processing(0)) as sandbox:
        client = Client(sandbox)
        upload(client, ipa(MinimumOSVersion="17.0"))
        answer = client.get("/v1/builds", include="buildBetaDetail,betaBuildLocalizations,buildUpload")
        (new,) = answer.document["data"]
        assert (new["attributes"]["minOsVersion"], new["attributes"]["usesNonExemptEncryption"]) == (
            "17.0",
            None,
        )
        included = {each["type"]: each["attributes"] for each in answer.document["included"]}
        assert included["betaBuildLocalizations"] == {"whatsNew": None, "locale": "de-DE"}
        assert included["buildBetaDetails"]["internalBuildState"] == "MISSING_EXPORT_COMPLIANCE"
        assert "buildUploads" in included


def test_notes_that_are_deleted_do_not_come_back() -> None:
    with start_sandbox(seed(apps=[app("com.example.app", builds=[build("1", "1")])])) as sandbox:
        client = Client(sandbox)
        (notes,) = client.get("/v1/betaBuildLocalizations").ids()
        assert client.delete("betaBuildLocalizations", notes).status == 204
        assert client.get("/v1/betaBuildLocalizations").ids() == []


def test_an_upload_that_is_deleted_meanwhile_ends_there() -> None:
    with start_sandbox(WORLD, processing=Processing(60)) as sandbox:
        client = Client(sandbox)
        client.delete("buildUploads", upload(client, ipa()))
        sandbox.skip(60)
        assert builds(sandbox) == []


def test_an_app_can_have_an_outcome_of_its_own() -> None:
    world = {**WORLD, "processing": {"com.example.app": {"outcome": "failed", "seconds": 0}}}
    with start_sandbox(world) as sandbox:
        upload(Client(sandbox), ipa())
        assert builds(sandbox) == ["FAILED"]


def test_what_follows_from_a_change_follows_in_its_time() -> None:
    class SetClock(Clock):
        time = 100.0

        def now(self) -> float:
            return self.time

    clock = SetClock()
    agenda, seen = Agenda(clock), list[tuple[str, float]]()

    def note(name: str) -> None:
        seen.append((name, agenda.now))

    def first() -> None:
        note("first")
        agenda.after(2, lambda: note("third"))
        agenda.after(20, lambda: note("never"))

    agenda.after(3, lambda: note("fourth"))
    agenda.after(1, first)
    agenda.after(2, lambda: note("second"))
    agenda.catch_up()
    assert seen == []
    object.__setattr__(clock, "time", 110.0)
    agenda.catch_up()
    assert seen == [("first", 101), ("second", 102), ("fourth", 103), ("third", 103)]


@pytest.mark.parametrize(
    ("said", "families"), [([1, 2], ["IPHONE", "IPAD"]), ([3, "2"], []), ("1", []), (None, [])]
)
def test_the_devices_that_a_build_runs_on_are_those_of_its_ipa(said: Any, families: list[str]) -> None:
    with start_sandbox(WORLD, processing=Processing(0)) as sandbox:
        upload(Client(sandbox), ipa(UIDeviceFamily=said))
        assert [each.attributes["families"] for each in sandbox.world.all("builds")] == [families]
