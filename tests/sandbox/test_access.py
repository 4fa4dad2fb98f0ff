"""Tokens, roles and the request budget."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from asc_sandbox.auth import FUTURE_TOLERANCE
from asc_sandbox.clock import Clock
from asc_sandbox.ratelimit import HOUR, RateLimit, evenly
from asc_sandbox.server import Sandbox
from sandbox.client import Client, token
from support.sandbox import key, seed, start_sandbox


def refusal(sandbox: Sandbox, bearer: str | None) -> str:
    """What the sandbox says is wrong with a token; "" when it is accepted."""
    client = Client(sandbox)
    client.token = bearer
    answer = client.get("/v1/apps")
    if answer.status == 200:
        return ""
    assert (answer.status, answer.error["code"]) == (401, "NOT_AUTHORIZED")
    return str(answer.error["meta"]["sandbox"])


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, ""),
        ({"exp": 1200, "iat": 0}, ""),
        ({"iat": FUTURE_TOLERANCE - 20}, ""),
        ({"exp": 1201, "iat": 0}, "lives longer than 1200 s"),
        ({"exp": 1200, "iat": -60}, "lives longer than 1200 s"),
        ({"exp": 3000, "iat": None}, "lives longer than 1200 s"),
        ({"exp": -1, "iat": -600}, "expired"),
        ({"exp": None}, "exp is missing"),
        ({"iat": 900, "exp": 1500}, "s ahead"),
        ({"iss": "someone-else"}, "iss is not the issuer"),
        ({"iss": None, "sub": "user"}, "iss is not the issuer"),
        ({"aud": "apple-developer-enterprise-v1"}, "aud is not appstoreconnect-v1"),
        ({"aud": None}, "aud is not appstoreconnect-v1"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused_with_the_reason(claims: dict[str, Any], reason: str) -> None:
    """Numbers are seconds from now, which is read when the token is made: a slow machine changes nothing."""
    with start_sandbox() as sandbox:
        now = int(time.time())
        moved = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
        said = refusal(sandbox, token(sandbox.api_key(), **moved))
        assert reason in said
        assert bool(reason) == bool(said)


def test_what_is_no_token_of_this_team() -> None:
    with start_sandbox() as sandbox:
        api_key = sandbox.api_key()
        assert "no bearer token" in refusal(sandbox, None)
        assert "no key of this team" in refusal(sandbox, "nonsense")
        assert "no key of this team" in refusal(sandbox, "\xff\xfe")
        assert "no key of this team" in refusal(sandbox, token(api_key, headers={"kid": "UNKNOWN000"}))
        assert "Signature verification failed" in refusal(
            sandbox, token({**api_key, "key": ec.generate_private_key(ec.SECP256R1())})
        )
        unsigned = jwt.encode({"iss": api_key["issuer_id"]}, "", "none", headers={"kid": api_key["key_id"]})
        assert "signature or form is wrong" in refusal(sandbox, unsigned)


def test_individual_and_enterprise_keys() -> None:
    keys = [key("INDIVIDUAL", issuer=None), key("ENTERPRISE", in_house=True)]
    with start_sandbox(seed(keys=keys)) as sandbox:
        individual, enterprise = sandbox.api_key(), sandbox.api_key("ENTERPRISE")
        assert "issuer_id" not in individual
        assert refusal(sandbox, token(individual, sub="user")) == ""
        assert "individual key" in refusal(sandbox, token(individual))
        assert "individual key" in refusal(sandbox, token(individual, sub="user", iss="someone"))
        assert refusal(sandbox, token(enterprise, aud="apple-developer-enterprise-v1")) == ""
        assert "apple-developer-enterprise-v1" in refusal(sandbox, token(enterprise))


def test_individual_keys_are_not_let_into_certificates() -> None:
    with start_sandbox(seed(keys=[key("INDIVIDUAL", issuer=None)])) as sandbox:
        client = Client(sandbox)
        client.token = token(sandbox.api_key(), sub="user")
        assert client.get("/v1/apps").status == 200
        assert [client.get(f"/v1/{name}").status for name in ("certificates", "profiles", "devices")] == [
            403
        ] * 3


@pytest.mark.parametrize(("offset", "reason"), [(900, "expired"), (-900, "s ahead")])
def test_a_clock_that_is_wrong(offset: int, reason: str) -> None:
    with start_sandbox(clock_offset=offset) as sandbox:
        assert reason in refusal(sandbox, token(sandbox.api_key()))
        date = Client(sandbox).get("/v1/apps").headers["Date"]
        ahead = time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(time.gmtime())
        assert abs(ahead - offset) < 5


@pytest.mark.parametrize(
    ("key_id", "allowed", "refused"),
    [
        (
            "DEMOADMIN1",
            ("apps", "builds", "certificates", "profiles", "bundleIds", "devices", "users", "betaGroups"),
            (),
        ),
        (
            "DEMODEVEL1",
            ("apps", "builds", "certificates", "profiles", "bundleIds", "devices", "betaGroups"),
            ("users",),
        ),
        (
            "DEMOSALES1",
            ("apps",),
            ("builds", "certificates", "profiles", "bundleIds", "devices", "users", "betaGroups"),
        ),
    ],
)
def test_roles(key_id: str, allowed: tuple[str, ...], refused: tuple[str, ...]) -> None:
    with start_sandbox() as sandbox:
        client = Client(sandbox, key_id)
        assert [client.get(f"/v1/{name}").status for name in allowed] == [200] * len(allowed)
        for name in refused:
            answer = client.get(f"/v1/{name}")
            assert (answer.status, answer.error["code"]) == (403, "FORBIDDEN_ERROR")
            assert answer.error["detail"] == "The API key in use does not allow this request"


def test_rate_limit_of_each_key() -> None:
    with start_sandbox(rate_limit=2) as sandbox:
        client = Client(sandbox)
        answers = [client.get("/v1/apps") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert [answer.headers["X-Rate-Limit"] for answer in answers] == [
            "user-hour-lim:2;user-hour-rem:1;",
            "user-hour-lim:2;user-hour-rem:0;",
            "user-hour-lim:2;user-hour-rem:0;",
        ]
        assert answers[2].error["code"] == "RATE_LIMIT_EXCEEDED"
        assert Client(sandbox, "DEMODEVEL1").get("/v1/apps").status == 200


def test_a_request_is_given_back_an_hour_after_it() -> None:
    limit = RateLimit(2)
    limit.take("key", now=0)
    limit.take("key", now=1800)
    assert limit.remaining("key", now=HOUR - 1) == 0
    assert limit.remaining("key", now=HOUR) == 1
    assert limit.remaining("other", now=0) == 2


def test_an_hour_that_others_have_spent_comes_back_evenly() -> None:
    limit = RateLimit(60, evenly(60, until=HOUR))
    assert limit.remaining("key", now=HOUR - 1) == 0
    assert [limit.remaining("key", now=HOUR + 60 * minutes) for minutes in (1, 2, 30)] == [1, 2, 30]
    limit.take("key", now=HOUR + 1800)
    assert limit.remaining("key", now=HOUR + 1800) == 29


def test_at_speed_3600_a_second_is_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(speed=3600, origin=time.time() - 1)
    assert clock.now() - clock.origin >= 3600
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    clock.sleep(36)
    assert slept == [0.01]
    with start_sandbox(clock_speed=3600) as sandbox:
        assert sandbox.clock.speed == 3600
