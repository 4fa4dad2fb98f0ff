"""Each path that reads or deletes a record is asked for one: Apple's document declares every answer of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asc_sandbox.plans import Processing, Review, Store
from asc_sandbox.resources import ENDPOINTS
from asc_sandbox.server import Sandbox
from core import signing
from core.running import in_job
from fuzz.test_answers import APP, WORLD, context
from sandbox.client import Client
from support.sandbox import start_sandbox

PATHS = [
    (endpoint.method, endpoint.path)
    for endpoint in sorted(ENDPOINTS, key=lambda one: (one.method != "GET", one.path))
    if endpoint.method == "GET" or (endpoint.method == "DELETE" and endpoint.path.endswith("/{id}"))
]
"""Reading first: what is deleted cannot be read."""
REQUIRED = {
    "/v1/betaAppReviewDetails": "?filter%5Bapp%5D=1000000001",
    "/v1/betaAppReviewSubmissions": "?filter%5Bbuild%5D=BUILD-3",
    "/v1/reviewSubmissions": "?filter%5Bapp%5D=1000000001",
}
WEBHOOK = {
    "mode": "ensure",
    "url": "https://relay.example.com/events",
    "secret": "not-a-real-secret-0123456789",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A team after the steps that make the most kinds of records."""
    store = Store(verdict="never", media=0)
    with start_sandbox(
        WORLD, processing=Processing(seconds=0), review=Review(seconds=0), store=store
    ) as running:
        for case in ("manage-group", "sync-signing", "update-app-store media", "submit-app-store"):
            folder = tmp_path_factory.mktemp("step")
            with context(case, folder) as inputs:
                env = signing.context(folder)
                done = in_job(folder, inputs, sandbox=running, command=case.split()[0], **env)
            assert done.code == 0, done.stdout
        inputs = {"bundle-id": APP, **WEBHOOK}
        done = in_job(tmp_path_factory.mktemp("step"), inputs, sandbox=running, command="manage-webhooks")
        assert done.code == 0, done.stdout
        yield running


@pytest.mark.parametrize(("method", "path"), PATHS, ids=" ".join)
def test_an_answer_is_one_that_apple_declares(sandbox: Sandbox, method: str, path: str) -> None:
    ids = [record.id for record in sandbox.world.all(path.split("/")[2])]
    client = Client(sandbox)
    for identifier in [*ids[:3], "no-such-record"] if "{id}" in path else [""]:
        answer = client.request(method, path.replace("{id}", identifier) + REQUIRED.get(path, ""))
        # 404 is Apple's answer for a relation to one record that has none; 403 and 409 refuse a deletion.
        assert answer.status in ((200, 404) if method == "GET" else (204, 403, 404, 409)), answer.document
    assert [violation for violation in sandbox.violations if violation.by == "sandbox"] == []
