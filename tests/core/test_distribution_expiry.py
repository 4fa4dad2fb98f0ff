"""Earlier builds expire once no tester needs them, and those of another train never for the sake of the queue."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from asc.api.client import Client
from asc.api.document import Document
from asc.testflight.distribution import distribute, expire_previous, planned
from asc.testflight.expiry import others
from asc.testflight.request import DistributionRequest
from core.testflight import (
    FRIENDS,
    FULL,
    QA,
    READY,
    TO_FRIENDS,
    UNANSWERED,
    Older,
    app_state,
    open_testflight,
)

STAY = "The previous builds stay until this one is out: use wait: available, or run the step again then"
TRAIN = replace(FULL, expire_previous="train")
INSIDE = replace(TRAIN, groups=("QA",))
REJECTING = replace(TO_FRIENDS, reject_waiting=True)
WAITING = "WAITING_FOR_REVIEW"


# The queue of beta review


def test_only_builds_of_this_train_are_taken_out_of_beta_review() -> None:
    older = [
        Older("b-1", 1, "1.4", review=WAITING),
        Older("b-39", 9, review="APPROVED"),
        Older("b-40", 10, review="IN_REVIEW"),
        Older("b-41", 11, review=WAITING),
        Older("b-50", 13, "1.50", review=WAITING),
    ]
    with open_testflight(answered=True, review=WAITING, older=older) as apple:
        found = others(apple.client, REJECTING, app_state(FRIENDS), READY)
        assert [build.id for build in found.waiting] == ["b-40", "b-41"]


class Unfiltered(Client):
    """A client whose listings are not filtered: Apple's filters can match more than they say."""

    def list(self, path: str, query: Any = None, *, retry_404: bool = False) -> Document:
        kept = {name: value for name, value in query.items() if not name.startswith("filter[")}
        return super().list(path, kept, retry_404=retry_404)


def test_builds_of_other_trains_stay_although_the_filters_let_them_through() -> None:
    older = [Older("b-1", 1, "1.4", review=WAITING), Older("b-41", 30, review="APPROVED")]
    with open_testflight(older=older, client_class=Unfiltered) as apple:
        assert "withdraw" not in apple.run(replace(FULL, reject_waiting=True))
        assert apple.expired == []


def test_builds_of_other_platforms_and_expired_ones_are_never_previous() -> None:
    older = [
        Older("b-39", 9, platform="MAC_OS"),
        Older("b-40", 10, expired=True),
        Older("b-41", 11),
    ]
    with open_testflight(older=older, client_class=Unfiltered) as apple:
        request = DistributionRequest(expire_previous="platform")
        found = others(apple.client, request, app_state(), READY).previous
        assert [build.id for build in found] == ["b-41"]


@pytest.mark.parametrize("state", [None, READY], ids=["dry run", "build there"])
@pytest.mark.parametrize("version", ["1.5", "1.5.0", "01.5"])
def test_builds_of_the_train_are_found_however_its_version_is_spelt(version: str, state: Any) -> None:
    older = [Older("b-40", 10), Older("b-41", 11, review=WAITING)]
    on = app_state(FRIENDS, destination=replace(UNANSWERED, version=version))
    with open_testflight(older=older) as apple:
        if state is None:
            apple.remove_build()
        found = others(apple.client, replace(REJECTING, expire_previous="train"), on, state)
        assert [build.id for build in found.previous] == ["b-40"]
        assert [build.id for build in found.waiting] == ["b-41"]


def test_no_build_is_taken_out_of_review_for_an_unknown_train() -> None:
    on = app_state(FRIENDS, destination=replace(UNANSWERED, version=""))
    with open_testflight(older=[Older("b-41", 30, review=WAITING)]) as apple:
        assert others(apple.client, REJECTING, on, None).waiting == ()
        assert apple.requests == []


def test_waiting_builds_are_withdrawn_only_if_this_one_is_submitted() -> None:
    submitted = replace(READY, external_state="WAITING_FOR_BETA_REVIEW")
    with open_testflight(older=[Older("b-41", 30, review=WAITING)]) as apple:
        kinds = [
            [change.kind for change in planned(apple.client, REJECTING, app_state(group), state).changes]
            for group, state in ((FRIENDS, READY), (FRIENDS, submitted), (QA, READY))
        ]
    assert kinds == [["group", "withdraw", "review"], ["group"], ["group"]]


# Previous builds


def test_previous_builds_were_uploaded_before_and_are_of_the_train_or_of_the_platform() -> None:
    older = [Older("b-1", 1, "1.4"), Older("b-41", 30), Older("b-43", 31), Older("b-44", 32)]
    with open_testflight(answered=True, older=older) as apple:
        for scope, previous in (("train", ["b-41"]), ("platform", ["b-1", "b-41"])):
            request = DistributionRequest(expire_previous=scope)  # type: ignore[arg-type]
            found = others(apple.client, request, app_state(), READY).previous
            assert [build.id for build in found] == previous
        assert apple.requests == ["GET /v1/builds"] * 2


def test_previous_builds_stay_while_testers_outside_wait_for_this_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with open_testflight(older=[Older("b-41", 30)]) as apple:
        assert apple.distribute(TRAIN).warnings == (STAY,)
        assert apple.expired == []
    assert (STAY, logging.WARNING) in [(record.message, record.levelno) for record in caplog.records]


def test_a_later_run_expires_them_once_this_one_is_out() -> None:
    with open_testflight(older=[Older("b-41", 30)]) as apple:
        apple.run(TRAIN)
        assert "expire" not in apple.run(TRAIN), "it still waits for review"
        apple.approve()
        assert apple.run(TRAIN) == ["expire"]
        assert apple.run(TRAIN) == []
        assert apple.expired == ["b-41"]


def test_previous_builds_expire_at_once_for_testers_of_the_team() -> None:
    with open_testflight(older=[Older("b-41", 30)]) as apple:
        assert apple.run(INSIDE)[-1] == "expire"


def test_previous_builds_expire_at_once_if_this_one_is_out_already() -> None:
    with open_testflight(
        older=[Older("b-41", 30)], answered=True, review="APPROVED", texts=FULL.whats_new
    ) as apple:
        assert apple.run(TRAIN) == ["group", "expire"]


def test_expiry_is_left_for_after_the_wait() -> None:
    told: list[str] = []
    with open_testflight(older=[Older("b-40", 10), Older("b-41", 30)]) as apple:

        def expire() -> Any:
            return expire_previous(
                apple.client, TRAIN, on, apple.build, lambda change: told.append(change.path)
            )

        on = apple.preflight(TRAIN)
        first = distribute(apple.client, TRAIN, on, apple.build, expire_later=True)
        assert (first.warnings, apple.expired) == ((), [])
        writes = len(apple.writes)
        early = expire()
        assert (early.done, early.warnings, told) == ((), (STAY,), [])
        apple.approve()
        later = expire()
        assert told == ["/v1/builds/b-40", "/v1/builds/b-41"]
        assert [change.kind for change in later.done] == ["expire", "expire"]
        assert (later.warnings, later.notes, later.groups) == ((), (), ("Friends", "QA"))
        assert len(apple.writes) == writes + 2
        assert expire().done == ()


def test_expire_later_expires_nothing_even_for_testers_of_the_team() -> None:
    with open_testflight(older=[Older("b-41", 30)]) as apple:
        on = apple.preflight(INSIDE)
        assert distribute(apple.client, INSIDE, on, apple.build, expire_later=True).warnings == ()
        assert apple.expired == []
        expire_previous(apple.client, INSIDE, on, apple.build)
        assert apple.expired == ["b-41"]


def test_without_expire_previous_builds_nothing_is_requested() -> None:
    with open_testflight() as apple:
        done = expire_previous(apple.client, DistributionRequest(groups=("QA",)), app_state(QA), READY).done
        assert (done, apple.requests) == ((), [])


def test_a_lost_answer_to_an_expiry_is_looked_up() -> None:
    older = [Older("b-40", 10), Older("b-41", 30)]
    faults = ["PATCH /v1/builds/b-41 lost"]
    with open_testflight(
        older=older, answered=True, given=["g-friends"], review="APPROVED", faults=faults
    ) as apple:
        expire_previous(apple.client, TRAIN, apple.preflight(TRAIN), apple.build)
        assert apple.expired == ["b-40", "b-41"]
        assert sorted(apple.writes) == ["PATCH /v1/builds/b-40", "PATCH /v1/builds/b-41"]


def test_builds_that_apple_is_at_work_on_never_expire() -> None:
    older = [
        Older("b-37", 7, state="PROCESSING"),
        Older("b-38", 8, review=WAITING),
        Older("b-39", 9, review="IN_REVIEW"),
        Older("b-40", 10, review="REJECTED"),
        Older("b-41", 11, review="APPROVED"),
        Older("b-43", 12, state="IN_A_STATE_OF_2030"),
        Older("b-44", 13, review="IN_A_STATE_OF_2030"),
    ]
    # Apple's document knows no state of 2030, so that the answer breaks it.
    with open_testflight(older=older, expect_violations=True) as apple:
        apple.run(INSIDE)
        assert apple.expired == ["b-40", "b-41"]


def test_a_dry_run_shows_the_builds_that_expire_and_a_warning_for_those_that_stay() -> None:
    request = replace(TO_FRIENDS, expire_previous="train")
    with open_testflight(older=[Older("b-41", 30)]) as apple:
        apple.remove_build()
        on = app_state(FRIENDS)
        now = planned(apple.client, request, on, None)
        assert ("expire" in [change.kind for change in now.changes], now.warnings) == (False, (STAY,))
        later = planned(apple.client, request, on, None, expire_later=True)
        assert (later.changes[-1].summary, later.warnings) == ("expire build 1.5 (b-41)", ())


def test_a_full_distribution_withdraws_and_expires_in_one_run_and_the_next_expires_the_rest() -> None:
    older = [
        Older("b-9", 9, "1.4", review="IN_REVIEW"),
        Older("b-40", 10),
        Older("b-41", 10, review="IN_REVIEW"),
        Older("b-43", 10, state="PROCESSING"),
    ]
    request = replace(FULL, reject_waiting=True, expire_previous="platform")
    with open_testflight(older=older) as apple:
        assert apple.distribute(request).warnings == (STAY,)
        assert apple.expired == ["b-41"]
        apple.approve()
        apple.run(request)
        assert apple.expired == ["b-40", "b-41"], "neither the one in review nor the one in processing"
