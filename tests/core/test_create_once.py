"""A resource is created exactly once, although answers are lost and other jobs are quicker."""

from __future__ import annotations

from typing import Any

import pytest

from asc.api.client import Client, Creation
from asc.api.document import request_body
from asc.api.errors import ApiError
from asc.errors import LostAnswerError
from core.test_client import Time, client
from support.sandbox import seed, start_sandbox

BODY = request_body("bundleIds", {"identifier": "com.example.once", "name": "Once", "platform": "UNIVERSAL"})


def find(asking: Client) -> str | None:
    found = asking.list("/v1/bundleIds").data
    return next((one.id for one in found if one.text("identifier") == "com.example.once"), None)


def create(asking: Client) -> Creation[str]:
    return asking.create_once(
        lambda: asking.create("/v1/bundleIds", BODY).resource.id, lambda: find(asking), pauses=(0.0, 1.0)
    )


def sent(sandbox: Any, method: str) -> int:
    return sum(entry.method == method for entry in sandbox.requests)


def test_an_answer_that_arrives_needs_no_look() -> None:
    with start_sandbox(seed()) as sandbox:
        asking = client(sandbox, Time())
        creation = create(asking)
        assert (creation.value, creation.doubt) == (find(asking), None)
        asking.close()
        assert (sent(sandbox, "POST"), sent(sandbox, "GET")) == (1, 1)


def test_a_lost_answer_is_looked_up_and_not_sent_again() -> None:
    with start_sandbox(seed(), faults=["POST /v1/bundleIds lost times=1"]) as sandbox:
        asking = client(sandbox, Time())
        creation = create(asking)
        assert creation.value == find(asking) and isinstance(creation.doubt, LostAnswerError)
        asking.close()
        assert sent(sandbox, "POST") == 1


def test_a_request_that_was_lost_on_its_way_is_sent_once_more_after_all_looks() -> None:
    time = Time()
    with start_sandbox(seed(), faults=["POST /v1/bundleIds status=500 times=1"]) as sandbox:
        asking = client(sandbox, time)
        creation = create(asking)
        assert (creation.value, creation.doubt) == (find(asking), None)
        asking.close()
        assert sent(sandbox, "POST") == 2
    assert time.slept == [0.0, 1.0]


def test_two_lost_answers_end_in_the_error_after_two_rounds_of_looks() -> None:
    with start_sandbox(seed(), faults=["POST /v1/bundleIds status=500 times=always"]) as sandbox:
        asking = client(sandbox, Time())
        with pytest.raises(LostAnswerError):
            create(asking)
        asking.close()
        assert (sent(sandbox, "POST"), sent(sandbox, "GET")) == (2, 4)


def test_a_conflict_returns_the_resource_of_the_quicker_job() -> None:
    with start_sandbox(seed()) as sandbox:
        asking = client(sandbox, Time())
        first = create(asking)
        second = create(asking)
        asking.close()
    assert second.value == first.value and isinstance(second.doubt, ApiError)


def test_a_conflict_about_something_else_is_raised() -> None:
    with start_sandbox(seed(), faults=["POST /v1/bundleIds status=409 times=always"]) as sandbox:
        asking = client(sandbox, Time())
        with pytest.raises(ApiError) as refused:
            create(asking)
        asking.close()
    assert refused.value.status == 409
