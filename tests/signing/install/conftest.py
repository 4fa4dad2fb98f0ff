"""The keychain gets a .p12 that costs little to open."""

from __future__ import annotations

import pytest

from asc.signing.install import keychain
from support.cheap_p12 import cheap_p12


@pytest.fixture(autouse=True)
def _cheap_p12(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.name != "test_codesign_may_use_the_key_afterwards":  # all of it once as it is
        monkeypatch.setattr(keychain, "p12", cheap_p12)
