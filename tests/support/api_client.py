"""A client of the API for tests that call domain code themselves: real requests to a sandbox, and no real pauses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from asc.api.client import Client
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc_sandbox.server import Sandbox
from support.clock import clock_of


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[Client]:
    """Return a client of the sandbox whose pauses are short."""
    key = sandbox.api_key()
    made = ApiKey(key["key_id"], key["issuer_id"], key["key"])
    client = Client(made, Settings(sandbox.url), "Admin", clock=clock_of(sandbox).clock)
    try:
        yield client
    finally:
        client.close()
