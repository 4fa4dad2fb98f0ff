"""The environment of a step, as the runner and action.yml make it: for tests, `reliability` and `simulation`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asc_sandbox.server import Sandbox

FILES = ("output", "summary")
"""Names of the files in the step's folder that the runner reads: outputs and job summary."""


def step_environment(
    folder: Path, command: str, inputs: Mapping[str, object], sandbox: Sandbox | None = None
) -> dict[str, str]:
    """Make the runner's files in `folder` and return the environment of a step with these inputs.

    With a sandbox, the environment has its address and an API key.
    """
    for name in FILES:
        (folder / name).write_text("")
    return {
        # Nothing else of the caller's environment: a runner's variables would change the step.
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "ASC_COMMAND": command,
        "ASC_INPUTS": json.dumps(dict(inputs)),
        **access_to(sandbox),
    }


def access_to(sandbox: Sandbox | None) -> dict[str, str]:
    """Return the variables with the address of a sandbox and an API key; none without a sandbox."""
    return {"ASC_API_URL": sandbox.url, "ASC_API_KEY": json.dumps(sandbox.api_key())} if sandbox else {}
