"""The rules of repeating, of the budget and of the token, by a clock that does not tick by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asc.api import retry
from asc.api.budget import LONGEST_WAIT, Budget
from asc.api.client import PAUSE_AFTER_404, Client
from asc.api.clock import Clock
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.api.shortage import Shortage
from asc.api.token import TokenSource
from asc.apps.app import App
from asc.builds import history
from asc.errors import LostAnswerError, UnreachableError
from support.sandbox import app, seed, start_sandbox, upload

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)
ISSUER = "57246542-96fe-1a63-e053-0824d011072a"
NOW = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_reads_are_repeated_and_writes_only_where_they_surely_did_nothing(status: int) -> None:
    assert retry.may_repeat("GET", status)
    for method in ("POST", "PATCH", "DELETE"):
        assert retry.may_repeat(method, status) == (status == 429)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 501])
def test_what_would_be_answered_the_same_is_not_repeated(status: int) -> None:
    assert not retry.may_repeat("GET", status)


def test_pauses_grow_with_chance_in_them_up_to_a_limit() -> None:
    longest = [retry.pause(attempt, None, 1.0) for attempt in range(1, 9)]
    assert longest == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert [retry.pause(attempt, None, 0.0) for attempt in range(1, 9)] == [each / 2 for each in longest]
    assert retry.pause(1, 7.0, 0.0) >= 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("-7", 0.0),
        ("nan", None),
        ("soon", None),
        ("Sat, 31 Jan 2026 10:00:09 GMT", 9.0),
        ("Sat, 31 Jan 2026 09:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2026 10:00:09", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    found = retry.retry_after(header, NOW)
    assert found == seconds or (header == "nan" and found in (None, 0.0))


@pytest.mark.parametrize(
    ("header", "budget"),
    [
        ("user-hour-lim:3500;user-hour-rem:500;", Budget(3500, 500)),
        ("user-hour-rem:0;user-hour-lim:3600", Budget(3600, 0)),
        ("user-hour-lim:0;user-hour-rem:0;", None),
        ("user-hour-lim:3500;", None),
        ("many", None),
        (None, None),
    ],
)
def test_the_budget_is_read(header: str | None, budget: Budget | None) -> None:
    assert Budget.read(header) == budget


def test_the_less_is_left_the_longer_is_waited() -> None:
    assert Budget(3500, 3500).wait(1.0) == Budget(3500, 350).wait(1.0) == 0.0
    waits = [Budget(3500, left).wait(1.0) for left in range(349, -1, -1)]
    assert waits == sorted(waits)
    assert 0 < waits[0] < 2
    assert waits[-1] == LONGEST_WAIT
    assert Budget(3500, 0).wait(0.0) == LONGEST_WAIT / 2, "jobs that were told the same do not go on together"


def test_the_less_is_left_the_more_seldom_is_looked() -> None:
    assert [Budget(3500, left).patience() for left in (3500, 1750, 875, 350, 175, 0)] == [1, 1, 2, 5, 10, 10]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        import time

        # The time of day is the real one: the sandbox checks tokens by it.
        return Clock(time.time, lambda: self.now, self.sleep, lambda: 1.0)


def test_a_token_is_renewed_before_it_ends_and_never_lives_too_long() -> None:
    now, made = [1_000_000.0], []
    tokens = TokenSource(ApiKey("ABC1234567", ISSUER, PEM), lambda: now[0], made.append)
    first = tokens.token()
    claims = jwt.decode(first, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] <= 1200
    assert (claims["iss"], claims["aud"], "sub" in claims) == (ISSUER, "appstoreconnect-v1", False)
    now[0] += 600
    assert tokens.token() == first
    now[0] += 400
    assert tokens.token() != first
    assert now[0] < claims["exp"]
    assert len(made) == 2


def test_a_refused_token_is_replaced_once() -> None:
    now = [1_000_000.0]
    tokens = TokenSource(ApiKey("ABC1234567", None, PEM), lambda: now[0])
    first = tokens.token()
    now[0] += 1
    tokens.forget("another")
    assert tokens.token() == first
    tokens.forget(first)
    second = tokens.token()
    assert second != first
    tokens.forget(first)
    assert tokens.token() == second
    assert jwt.decode(second, options={"verify_signature": False})["sub"] == "user"


def test_an_in_house_key_has_its_own_audience() -> None:
    tokens = TokenSource(ApiKey("ABC1234567", ISSUER, PEM, 300, True), lambda: 1_000_000.0)
    claims = jwt.decode(tokens.token(), options={"verify_signature": False})
    assert claims["aud"] == "apple-developer-enterprise-v1"
    assert claims["exp"] - claims["iat"] == 300


def client(sandbox: Any, time: Time, retry_for: float = 120.0, wait_for_budget: float = 3600.0) -> Client:
    key = sandbox.api_key()
    made = ApiKey(key["key_id"], key["issuer_id"], key["key"])
    settings = Settings(sandbox.url, retry_for=retry_for, wait_for_budget=wait_for_budget)
    return Client(made, settings, "Admin", clock=time.clock)


def test_repeats_end_with_the_deadline() -> None:
    time = Time()
    with start_sandbox(seed(), faults=["GET /v1/apps status=503 times=always"]) as sandbox:
        asking = client(sandbox, time)
        with pytest.raises(UnreachableError, match="11"):
            asking.get("/v1/apps")
        asking.close()
    assert time.slept == [0.5, 1, 2, 4, 8, 16, 20, 20, 20, 20]


class PassingTime(Time):
    """Sleeping moves the sandbox's clock, too."""

    def __init__(self, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        start, there = self.now, sandbox.clock.now()
        monkeypatch.setattr(type(sandbox.clock), "now", lambda clock: there + self.now - start)

    @property
    def clock(self) -> Clock:
        start, there = self.now, super().clock.now()
        return Clock(lambda: there + self.now - start, lambda: self.now, self.sleep, lambda: 1.0)


def test_a_job_waits_for_the_hour_s_requests_to_come_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a key whose budget is used up by others, when a job asks, then it says so, waits, and gets its answer."""
    with start_sandbox(seed(), rate_limit=4) as sandbox:
        time = PassingTime(sandbox, monkeypatch)
        first, second = client(sandbox, time), client(sandbox, time, retry_for=1.0)
        for _ in range(4):
            first.get("/v1/apps")
        second.get("/v1/apps")
        statuses = [entry.status for entry in sandbox.requests]
        for asking in (first, second):
            asking.close()
    assert statuses[-1] == 200
    assert 1 <= statuses.count(429) <= 20, "it asks seldom"
    assert sum(time.slept) < 3600 + 240, "and is there soon after requests have come back"
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "All 4 requests" in told


def test_it_waits_no_longer_than_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_sandbox(seed(), rate_limit=1) as sandbox:
        time = PassingTime(sandbox, monkeypatch)
        first, second = client(sandbox, time), client(sandbox, time, wait_for_budget=600)
        first.get("/v1/apps")
        with pytest.raises(UnreachableError, match=r"\b600 s") as raised:
            second.get("/v1/apps")
        for asking in (first, second):
            asking.close()
    assert sum(time.slept) == 600, "and asks once more at the end of it"
    assert "wait-for-budget" in raised.value.remedy


def test_what_is_asked_for_beyond_that_is_not_waited_for() -> None:
    """A Retry-After that leads past wait-for-budget."""
    time = Time()
    with Shortage().turn() as turn:
        attempt = retry.Attempts("GET /v1/apps", 120, time.clock, 600)
        with pytest.raises(UnreachableError, match="wait-for-budget"):
            attempt.await_budget(601, turn)
        attempt = retry.Attempts("GET /v1/apps", 120, time.clock, 600)
        attempt.await_budget(60, turn)
    assert 60 < time.slept[-1] < 70


def test_a_step_asks_less_often_the_longer_no_requests_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a key that gets one request every ten minutes, then each request of a step begins with longer pauses."""
    with start_sandbox(seed(), rate_limit=6, rate_spent=6) as sandbox:
        time = PassingTime(sandbox, monkeypatch)
        asking = client(sandbox, time)
        refusals = []
        for _ in range(6):
            before = len(sandbox.requests)
            asking.get("/v1/apps")
            refusals.append(len(sandbox.requests) - before - 1)
        asking.close()
    # 15, 30, 60, 120 and 240 s, then 240 s and more at once.
    assert refusals[0] >= 5
    assert max(refusals[1:]) <= 3


def test_429_while_there_is_plenty_is_a_fault_like_others() -> None:
    time = Time()
    with start_sandbox(seed(), faults=["GET /v1/apps status=429 times=always"]) as sandbox:
        asking = client(sandbox, time)
        with pytest.raises(UnreachableError, match="retry-for"):
            asking.get("/v1/apps")
        asking.close()
    assert sum(time.slept) < 120


def test_a_small_budget_slows_the_client_down() -> None:
    time = Time()
    with start_sandbox(seed(), rate_limit=20) as sandbox:
        asking = client(sandbox, time)
        for _ in range(20):
            asking.get("/v1/apps")
        asking.close()
        assert all(entry.status == 200 for entry in sandbox.requests)
    assert time.slept
    assert asking.traffic.requests == 20


def test_a_client_that_may_not_wait_for_budget_takes_the_last_requests_without_pauses() -> None:
    time = Time()
    with start_sandbox(seed(), rate_limit=20) as sandbox:
        asking = client(sandbox, time, wait_for_budget=0)
        for _ in range(20):
            asking.get("/v1/apps")
        with pytest.raises(UnreachableError, match="wait-for-budget"):
            asking.get("/v1/apps")
        asking.close()
    assert time.slept == []


@pytest.mark.parametrize("fault", ["lost", "reset", "truncate"])
def test_a_write_whose_answer_is_lost_is_not_repeated(fault: str) -> None:
    time = Time()
    with start_sandbox(seed(), faults=[f"POST /v1/buildUploads {fault}"], expect_violations=True) as sandbox:
        asking = client(sandbox, time)
        with pytest.raises(LostAnswerError):
            asking.post("/v1/buildUploads", {"data": {}})
        asking.close()
        assert len(sandbox.requests) == 1
    assert time.slept == []


def test_an_encrypted_connection_that_breaks_may_have_delivered_the_request() -> None:
    broken = retry.classify(requests.exceptions.SSLError("bad record mac"))
    assert isinstance(broken, retry.Broken)
    untrusted = retry.classify(requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"))
    assert isinstance(untrusted, UnreachableError)
    assert "SSL_CERT_FILE" in untrusted.remedy


def test_a_listing_that_is_not_found_at_random_is_asked_for_again_after_a_pause() -> None:
    time = Time()
    world = seed(apps=[app("com.example.app", id="1000000001", uploads=[upload("1.0", "8")])])
    with start_sandbox(world, faults=["GET /v1/apps/*/buildUploads status=404 times=3"]) as sandbox:
        asking = client(sandbox, time)
        found = history.numbers_of_uploads(asking, App("1000000001"), None, None)
        asking.close()
    assert [used.number.text for used in found] == ["8"]
    assert time.slept == [PAUSE_AFTER_404] * 3
