"""submit-app-store: in-app purchases and other items go along with the version."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from core.app_store_review import NEVER, submissions, submit, with_sold, writes
from support.sandbox import start_sandbox


def held(sandbox: Sandbox) -> list[str]:
    return sorted(
        kind
        for item in sandbox.world.all("reviewSubmissionItems")
        for kind, ids in item.references.items()
        if ids and kind != "reviewSubmission"
    )


EVERYTHING = [
    "appEvent",
    "appStoreVersion",
    "inAppPurchaseVersion",
    "subscriptionGroupVersion",
    "subscriptionVersion",
]


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "POST /v1/reviewSubmissionItems lost",
        "POST /v1/reviewSubmissionItems lost after=1",
        "POST /v1/* status=503",
    ],
)
def test_purchases_and_other_items_go_along_once(tmp_path: Path, fault: str) -> None:
    with start_sandbox(with_sold(), store=NEVER, faults=[fault] if fault else []) as sandbox:
        given = {"in_app_purchases": "all", "items": "appEvents/race"}
        done = submit(tmp_path, sandbox, **given)
        assert (done.code, held(sandbox), submissions(sandbox)) == (0, EVERYTHING, ["WAITING_FOR_REVIEW"]), (
            done.stdout
        )
        before = len(writes(sandbox))
        assert (submit(tmp_path, sandbox, **given).code, len(writes(sandbox))) == (0, before)


def test_a_killed_run_is_gone_on_with_and_its_items_are_nobody_elses(tmp_path: Path) -> None:
    given = {"in_app_purchases": "coins, monthly, old", "items": "appEvents/race"}
    stopped = ["PATCH /v1/reviewSubmissions/* status=409 times=9"]
    with start_sandbox(with_sold(), store=NEVER, faults=stopped) as sandbox:
        assert submit(tmp_path, sandbox, **given).code == 1
        sandbox.end_faults()
        assert submit(tmp_path, sandbox).code == 1, "the items of the draft were not asked for"
        done = submit(tmp_path, sandbox, **given)
        assert (done.code, held(sandbox)) == (0, EVERYTHING), done.stdout


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"in_app_purchases": "half"}, 1),
        ({"in_app_purchases": "coin"}, 1),
        ({"in_app_purchases": "all, coins"}, 2),
        ({"items": "appEvent/race"}, 2),
        ({"items": "race"}, 2),
        ({"items": "appEvents/race", "action": "withdraw", "build_id": ""}, 2),
    ],
)
def test_purchases_and_items_that_cannot_go_along_are_told_before_a_write(
    tmp_path: Path, inputs: dict[str, str], code: int
) -> None:
    with start_sandbox(with_sold(), store=NEVER) as sandbox:
        done = submit(tmp_path, sandbox, **inputs)
        assert (done.code, writes(sandbox)) == (code, []), done.stdout


def test_a_purchase_that_was_asked_for_after_the_submission_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(with_sold(), store=NEVER) as sandbox:
        assert submit(tmp_path, sandbox).code == 0
        done = submit(tmp_path, sandbox, in_app_purchases="coins")
        assert (done.code, "coins" in done.error) == (1, True), done.stdout
