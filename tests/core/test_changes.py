"""The machinery for changes, with the store page of an app: made once, in order, and as much as can be made."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from asc.api.client import Client
from asc.api.document import reference, request_body
from asc.changes.apply import apply, log_plan
from asc.changes.change import Change, Plan
from asc.changes.rules import Rules
from asc.errors import Error
from asc_sandbox.server import Sandbox
from sandbox.store import running
from support.api_client import connect

TEXTS = "/v1/appStoreVersions/next/appStoreVersionLocalizations"


class GoOn(Rules):
    """Rules of a family whose changes do not depend on each other."""

    def stops(self, change: Change, error: Error) -> bool:
        return False


def text(locale: str, **attributes: str) -> Change:
    """The change that makes the texts of a version in a language."""
    version = {"appStoreVersion": reference("appStoreVersions", "next")}
    body = request_body("appStoreVersionLocalizations", {"locale": locale, **attributes}, None, version)
    path = "/v1/appStoreVersionLocalizations"
    return Change("text", f"make {locale}", "POST", path, body, makes=f"{{{locale}}}")


def screenshots(owner: str) -> Change:
    """The change that makes a set of screenshots; `owner` is the id of the texts, or its placeholder."""
    owners = {"appStoreVersionLocalization": reference("appStoreVersionLocalizations", owner)}
    body = request_body("appScreenshotSets", {"screenshotDisplayType": "APP_IPHONE_67"}, None, owners)
    return Change("set", f"make a set for {owner}", "POST", "/v1/appScreenshotSets", body)


def locales(client: Client) -> dict[str, str]:
    """The ids of the texts by locale."""
    return {found.text("locale"): found.id for found in client.list(TEXTS).data}


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def test_a_later_change_gets_the_id_that_an_earlier_one_made() -> None:
    with running() as sandbox, connect(sandbox) as client:
        plan = Plan(((text("de-DE"), text("ja")), (screenshots("{de-DE}"), screenshots("{ja}"))))
        told: list[str] = []
        outcome = apply(client, lambda: plan, Rules(), lambda change: told.append(change.kind))
        ids = locales(client)
        assert {change.body["data"]["relationships"]["appStoreVersionLocalization"]["data"]["id"]
                for change in outcome.done if change.kind == "set"} == {ids["de-DE"], ids["ja"]}  # fmt: skip
        assert told == ["text", "text", "set", "set"]


def test_after_a_lost_answer_the_state_is_read_and_nothing_is_made_twice() -> None:
    with (
        running(faults=["POST /v1/appStoreVersionLocalizations lost"]) as sandbox,
        connect(sandbox) as client,
    ):

        def plan() -> Plan:
            there = locales(client)
            missing = tuple(text(locale) for locale in ("de-DE", "ja") if locale not in there)
            sets = client.list(f"/v1/appStoreVersionLocalizations/{there['ja']}/appScreenshotSets").data if (
                "ja" in there
            ) else ()  # fmt: skip
            after = () if sets else (screenshots(there.get("ja", "{ja}")),)
            return Plan(tuple(phase for phase in (missing, after) if phase))

        outcome = apply(client, plan, Rules())
        assert sorted(change.kind for change in outcome.done) == ["set", "text"], (
            "one text was there after all"
        )
        assert writes(sandbox).count("POST /v1/appStoreVersionLocalizations") == 2
        assert {"de-DE", "ja"} <= set(locales(client))


@pytest.mark.parametrize(("rules", "made"), [(GoOn(), {"ja"}), (Rules(), set[str]())])
def test_a_refused_change_stops_later_phases_only_if_the_rules_say_so(rules: Rules, made: set[str]) -> None:
    with running() as sandbox, connect(sandbox) as client:
        refused = text("de-DE", description="x" * 4001)
        plan = Plan(((refused,), (text("ja"), screenshots("{de-DE}"))))
        with pytest.raises(Error, match="de-DE") as raised:
            apply(client, lambda: plan, rules)
        assert locales(client).keys() & {"ja", "de-DE"} == made
        assert ("not tried" in raised.value.message) == bool(made), (
            "the set needs the texts that were refused"
        )


@pytest.mark.parametrize("fault", ["lost", "status=404 code=NOT_FOUND"])
def test_a_deletion_without_an_answer_is_checked_and_done_once(fault: str) -> None:
    with running() as sandbox, connect(sandbox) as client:
        made = apply(client, lambda: Plan(((text("ja"),),)), Rules())
        assert len(made.done) == 1
        path = f"/v1/appStoreVersionLocalizations/{locales(client)['ja']}"
        sandbox.add_fault(f"DELETE {path} {fault}")

        def plan() -> Plan:
            deletion = Change("text", "delete ja", "DELETE", path)
            return Plan(((deletion,),) if "ja" in locales(client) else ())

        apply(client, plan, Rules())
        assert "ja" not in locales(client)


def test_a_dry_run_logs_the_plan(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_plan(Plan(((text("ja"),),), ("a note",), ("a warning",)), "Nothing to do")
    log_plan(Plan(), "Nothing to do")
    said: list[tuple[Any, ...]] = [(record.levelname, record.message) for record in caplog.records]
    assert said == [
        ("INFO", "Would make ja"),
        ("INFO", "a note"),
        ("WARNING", "a warning"),
        ("INFO", "Nothing to do"),
    ]
