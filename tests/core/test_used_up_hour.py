"""A step with several requests at a time, while the requests of the hour are used up."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asc.api import transport
from asc.api.client import Client
from asc.api.clock import Clock
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.api.shortage import Shortage
from asc.errors import UnreachableError
from support.sandbox import seed, start_sandbox

SPEED = 600.0
THREADS = 8


@pytest.fixture(autouse=True)
def slow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the timeout of an answer as long as usual by the machine's clock: the server is no faster."""
    monkeypatch.setattr(transport, "READ_TIMEOUT", transport.READ_TIMEOUT * SPEED)


def step(sandbox: Any, wait_for_budget: float) -> Client:
    key = sandbox.api_key()
    time = sandbox.clock
    settings = Settings(sandbox.url, retry_for=120 * SPEED, wait_for_budget=wait_for_budget)
    return Client(
        ApiKey(key["key_id"], key["issuer_id"], key["key"]),
        settings,
        "Admin",
        clock=Clock(time.now, time.now, time.sleep),
    )


def register(client: Client, number: int) -> None:
    attributes = {"identifier": f"com.example.app{number}", "name": f"App {number}", "platform": "IOS"}
    client.post("/v1/bundleIds", {"data": {"type": "bundleIds", "attributes": attributes}})


def test_one_request_of_a_step_asks_for_all_while_nothing_is_left() -> None:
    # One request becomes available every 7.5 minutes.
    with start_sandbox(seed(), rate_limit=8, rate_spent=8, clock_speed=SPEED) as sandbox:
        client = step(sandbox, wait_for_budget=4 * 3600)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda number: register(client, number), range(THREADS)))
        client.close()
    statuses = Counter(entry.status for entry in sandbox.requests)
    assert statuses[201] == THREADS, "each write took place once"
    assert set(statuses) == {201, 429}
    # Eight at the start, one after each news, and one about every three minutes of the hour. Each thread for itself
    # would ask about 100 times.
    assert statuses[429] <= 50


def test_all_requests_of_a_step_end_with_wait_for_budget() -> None:
    # The only request of the hour becomes available after an hour.
    with start_sandbox(seed(), rate_limit=1, rate_spent=1, clock_speed=SPEED) as sandbox:
        client = step(sandbox, wait_for_budget=300)
        with ThreadPoolExecutor(THREADS) as pool:
            ended = [pool.submit(register, client, number) for number in range(THREADS)]
        client.close()
    assert [type(future.exception()) for future in ended] == [UnreachableError] * THREADS
    assert {entry.status for entry in sandbox.requests} == {429}


def test_a_request_that_may_not_wait_asks_without_the_turn() -> None:
    shortage = Shortage()
    with shortage.turn() as asking, shortage.turn() as other:
        assert asking.take()
        other.wait(lambda: 0.0)
        assert not other.take()


def test_the_next_request_gets_the_turn_if_the_one_that_asks_fails() -> None:
    shortage, waits = Shortage(), threading.Event()

    def left() -> float:
        waits.set()
        return 60.0

    def follow() -> bool:
        with shortage.turn() as turn:
            turn.wait(left)
            return turn.take()

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(UnreachableError), shortage.turn() as asking:
            assert asking.take()
            follower = pool.submit(follow)
            waits.wait()
            raise UnreachableError("Nothing became available.", "Run the step again later.")
        assert follower.result()
