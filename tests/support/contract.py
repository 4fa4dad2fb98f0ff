"""Apple's OpenAPI document, for tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from asc_sandbox.contract import Contract

DOCUMENT = Path(__file__).parents[2] / ".cache" / "contract" / "app-store-connect-4.4.1.json"


@cache
def document() -> dict[str, Any]:
    """The document itself. Where it is missing the test fails: a skip would hide that nothing is checked."""
    if not DOCUMENT.exists():
        raise FileNotFoundError(f"{DOCUMENT} is missing; run `make contract`")
    return dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))


@cache
def contract() -> Contract:
    """The judge, made once per process: its schemas are compiled as they are needed."""
    return Contract(document())
