"""Builds that make way: none that somebody still needs, and none of another train for the sake of the queue."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

import pytest

from asc.api.client import Client
from asc.api.clock import Clock
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.builds.build import fetch_build
from asc.testflight.distribution import distribute, expire_previous, planned
from asc.testflight.expiry import others
from asc.testflight.plan import is_out
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest
from asc.testflight.request import Tester as Person
from asc_sandbox.plans import Review
from core.distributing import (
    CONTACT,
    DESCRIBED,
    FRIENDS,
    FULL,
    GROUPS,
    QA,
    READY,
    TO_FRIENDS,
    UNANSWERED,
    Apple,
    app_state,
    older,
    run,
)
from support.sandbox import app, build, seed, start_sandbox

STAY = "The previous builds stay until this one is out: use wait: available, or run the step again then"
TRAIN = replace(FULL, expire_previous="train")
INSIDE = replace(TRAIN, groups=("QA",))


def expired(apple: Apple) -> list[str]:
    return [each["id"] for each in apple.older if each["expired"]]


# The queue of beta review


def test_only_builds_of_this_train_are_taken_out_of_beta_review() -> None:
    apple: Any = Apple(
        older=[
            older("b-1", 1, "1.4", review="WAITING_FOR_REVIEW"),
            older("b-39", 9, review="APPROVED"),
            older("b-40", 10, review="IN_REVIEW"),
            older("b-41", 11, review="WAITING_FOR_REVIEW"),
            older("b-42", 12, review="WAITING_FOR_REVIEW"),
            older("b-50", 13, "1.50", review="WAITING_FOR_REVIEW"),
        ]
    )
    wishes = replace(TO_FRIENDS, reject_waiting=True)
    found = others(apple, wishes, app_state(FRIENDS), READY)
    assert [other.id for other in found.waiting] == ["b-40", "b-41"]


def test_an_answer_with_builds_of_other_trains_costs_none_of_them() -> None:
    class Careless(Apple):
        """Takes filters for hints."""

        def _builds(self, query: Any) -> Any:
            return super()._builds({})

    apple: Any = Careless(
        groups=dict(GROUPS),
        older=[older("b-1", 1, "1.4", review="WAITING_FOR_REVIEW"), older("b-41", 30, review="APPROVED")],
    )
    run(apple, replace(FULL, reject_waiting=True))
    assert expired(apple) == []


def test_the_train_is_the_same_however_it_is_spelt() -> None:
    apple: Any = Apple(
        groups=dict(GROUPS),
        older=[older("b-40", 10, "1.5"), older("b-41", 11, "1.5", review="WAITING_FOR_REVIEW")],
    )
    wishes = replace(TRAIN, submit_review=True, reject_waiting=True)
    for state in (None, READY):  # a dry run has no build yet
        found = others(apple, wishes, app_state(FRIENDS), state)
        assert ([one.id for one in found.previous], [one.id for one in found.waiting]) == (["b-40"], ["b-41"])


def test_where_the_train_is_not_known_nothing_is_taken_out() -> None:
    apple: Any = Apple(older=[older("b-41", 30, review="WAITING_FOR_REVIEW")])
    nameless = replace(UNANSWERED, version="")
    wishes = replace(TO_FRIENDS, reject_waiting=True)
    assert others(apple, wishes, app_state(FRIENDS, destination=nameless), None).waiting == ()
    assert apple.requests == []


# Previous builds


def test_previous_builds_stay_while_testers_outside_wait_for_this_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    apple: Any = Apple(groups=dict(GROUPS), older=[older("b-41", 30)])
    outcome = distribute(apple, TRAIN, preflight(apple, TRAIN, UNANSWERED), fetch_build(apple, "b-42"))
    assert expired(apple) == []
    assert outcome.warnings == (STAY,)
    assert (STAY, logging.WARNING) in [(record.message, record.levelno) for record in caplog.records]


def test_a_later_run_expires_them_once_this_one_is_out() -> None:
    apple = Apple(groups=dict(GROUPS), older=[older("b-41", 30)])
    run(apple, TRAIN)
    assert "expire" not in run(apple, TRAIN), "it still waits for review"
    apple.build["external"] = "IN_BETA_TESTING"
    assert run(apple, TRAIN) == ["expire"]
    assert run(apple, TRAIN) == []
    assert expired(apple) == ["b-41"]


def test_for_testers_of_the_team_they_expire_at_once() -> None:
    apple = Apple(groups=dict(GROUPS), older=[older("b-41", 30)])
    assert run(apple, INSIDE)[-1] == "expire"


def test_they_expire_at_once_where_this_one_is_out_already() -> None:
    build = {"encryption": False, "external": "BETA_APPROVED", "texts": dict(FULL.whats_new)}
    apple = Apple(groups=dict(GROUPS), older=[older("b-41", 30)], build=build)
    assert run(apple, TRAIN) == ["group", "expire"]


def test_expiry_can_be_left_for_after_the_wait() -> None:
    apple: Any = Apple(groups=dict(GROUPS), older=[older("b-40", 10), older("b-41", 30)])
    on = preflight(apple, TRAIN, UNANSWERED)
    outcome = distribute(apple, TRAIN, on, fetch_build(apple, "b-42"), expire_later=True)
    assert (outcome.warnings, expired(apple)) == ((), [])
    told: list[str] = []
    writes = len(apple.writes)
    early = expire_previous(
        apple, TRAIN, on, fetch_build(apple, "b-42"), lambda change: told.append(change.path)
    )
    assert (early.done, early.warnings, told) == ((), (STAY,), [])
    apple.build["external"] = "IN_BETA_TESTING"
    later = expire_previous(
        apple, TRAIN, on, fetch_build(apple, "b-42"), lambda change: told.append(change.path)
    )
    assert told == ["/v1/builds/b-40", "/v1/builds/b-41"]
    assert [change.kind for change in later.done] == ["expire", "expire"]
    assert (later.warnings, later.notes, later.groups) == ((), (), ("Friends", "QA"))
    assert len(apple.writes) == writes + 2
    assert expire_previous(apple, TRAIN, on, fetch_build(apple, "b-42")).done == ()


def test_with_expiry_left_for_later_nothing_expires_even_where_it_could() -> None:
    apple: Any = Apple(groups=dict(GROUPS), older=[older("b-41", 30)])
    on = preflight(apple, INSIDE, UNANSWERED)
    assert distribute(apple, INSIDE, on, fetch_build(apple, "b-42"), expire_later=True).warnings == ()
    assert expired(apple) == []
    expire_previous(apple, INSIDE, on, fetch_build(apple, "b-42"))
    assert expired(apple) == ["b-41"]


def test_where_expiry_is_not_wished_nothing_is_asked() -> None:
    apple: Any = Apple()
    assert expire_previous(apple, DistributionRequest(groups=("QA",)), app_state(QA), READY).done == ()
    assert apple.requests == []


def test_a_lost_answer_to_an_expiry_is_looked_after() -> None:
    apple: Any = Apple(
        groups=dict(GROUPS), older=[older("b-40", 10), older("b-41", 30)], lose=["PATCH /v1/builds/b-41"]
    )
    apple.build |= {"encryption": False, "external": "IN_BETA_TESTING"}
    on = preflight(apple, TRAIN, UNANSWERED)
    expire_previous(apple, TRAIN, on, fetch_build(apple, "b-42"))
    assert expired(apple) == ["b-40", "b-41"]
    assert sorted(apple.writes) == ["PATCH /v1/builds/b-40", "PATCH /v1/builds/b-41"]


def test_builds_that_apple_is_at_work_on_never_expire() -> None:
    apple: Any = Apple(
        groups=dict(GROUPS),
        older=[
            older("b-37", 7, state="PROCESSING"),
            older("b-38", 8, review="WAITING_FOR_REVIEW"),
            older("b-39", 9, review="IN_REVIEW"),
            older("b-40", 10, review="REJECTED"),
            older("b-41", 11, review="APPROVED"),
            older("b-42", 12, state="IN_A_STATE_OF_2030"),
            older("b-43", 13, review="IN_A_STATE_OF_2030"),
        ],
    )
    run(apple, INSIDE)
    assert expired(apple) == ["b-40", "b-41"]


@pytest.mark.parametrize(
    ("wishes", "state", "out"),
    [
        (DistributionRequest(), READY, True),
        (DistributionRequest(), None, True),
        (TO_FRIENDS, READY, False),
        (TO_FRIENDS, None, False),
        (DistributionRequest(testers=(Person("jane@example.com"),)), READY, False),
        (replace(TO_FRIENDS, submit_review=False), READY, False),
        (TO_FRIENDS, replace(READY, external_state="IN_BETA_REVIEW"), False),
        (TO_FRIENDS, replace(READY, external_state="BETA_APPROVED"), True),
        (TO_FRIENDS, replace(READY, external_state="IN_BETA_TESTING"), True),
        (DistributionRequest(), replace(READY, external_state="WAITING_FOR_BETA_REVIEW"), False),
        (DistributionRequest(), replace(READY, review_state="IN_REVIEW"), False),
        (DistributionRequest(), replace(READY, expired=True), False),
    ],
)
def test_whether_a_build_is_out(wishes: DistributionRequest, state: Any, out: bool) -> None:
    assert is_out(wishes, app_state(*([FRIENDS] if wishes.groups else [])), state) is out


def test_a_dry_run_says_what_will_expire_and_what_will_stay() -> None:
    apple: Any = Apple(older=[older("b-41", 30)])
    wishes = replace(TO_FRIENDS, expire_previous="train")
    now = planned(apple, wishes, app_state(FRIENDS), None)
    assert ("expire" in [change.kind for change in now.changes], now.warnings) == (False, (STAY,))
    waits = planned(apple, wishes, app_state(FRIENDS), None, expire_later=True)
    assert (waits.changes[-1].summary, waits.warnings) == ("expire build 1.5 (b-41)", ())


def test_the_whole_way_over_http() -> None:
    builds = [
        build("1.4", "9", id="b-9", uploadedDate="2026-01-09T00:00:00Z", usesNonExemptEncryption=False),
        build("1.5", "40", id="b-40", uploadedDate="2026-01-10T00:00:00Z"),
        build("1.5", "41", id="b-41", uploadedDate="2026-01-10T00:00:00Z", usesNonExemptEncryption=False),
        build("1.5", "43", "PROCESSING", id="b-43", uploadedDate="2026-01-10T00:00:00Z"),
        build("1.5", "42", id="b-42", uploadedDate="2026-01-31T00:00:00Z"),
    ]
    groups = [{"id": name, **attributes} for name, attributes in GROUPS.items()]
    waiting = [{"id": name, "build": name, "betaReviewState": "IN_REVIEW"} for name in ("b-9", "b-41")]
    world = seed(
        apps=[app("com.example.app", id="app", builds=builds, betaGroups=groups)],
        betaAppReviewDetails=[{"id": "app", "app": "app", **CONTACT}],
        betaAppLocalizations=[{"app": "app", "locale": "en-US", **DESCRIBED}],
        betaAppReviewSubmissions=waiting,
    )
    wishes = replace(FULL, reject_waiting=True, expire_previous="platform")
    with start_sandbox(world, review=Review(2.0)) as sandbox:
        key = sandbox.api_key()
        client = Client(
            ApiKey(key["key_id"], key["issuer_id"], key["key"]), Settings(sandbox.url), "Admin", clock=Clock()
        )

        def gone() -> set[str]:
            return {each.id for each in sandbox.world.all("builds") if each.attributes.get("expired")}

        on = preflight(client, wishes, UNANSWERED)
        assert distribute(client, wishes, on, fetch_build(client, "b-42")).warnings == (STAY,)
        assert gone() == {"b-41"}
        deadline = time.monotonic() + 10
        while (state := fetch_build(client, "b-42")).external_state != "IN_BETA_TESTING":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        expire_previous(client, wishes, on, state)
        assert gone() == {"b-40", "b-41"}, "neither what is in review nor what is processed"
        client.close()
