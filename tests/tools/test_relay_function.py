"""The archive of the relay's function holds all that the handler imports, and needs nothing of this checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from support.github import github
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY
from webhooks.relays import event, settings
from webhooks.test_relay import TEAM
from webhooks.test_relay_settings import request

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from asc_relay.function import handler
import asc_relay
assert asc_relay.__file__.startswith(sys.argv[1])
import obstore
print(json.dumps(handler(json.load(sys.stdin), None)))
"""


def test_the_archive_handles_an_event_on_its_own(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        [REPOSITORY / "tools/relay-function", version, tmp_path / "relay"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "relay.zip") as archive:
        archive.extractall(tmp_path / "task")
    with github() as hub, start_sandbox(TEAM) as apple:
        answered = subprocess.run(
            [sys.executable, "-I", "-S", "-c", SCRIPT, str(tmp_path / "task")],
            input=json.dumps(request(event())),
            env=settings(tmp_path, hub, apple),
            capture_output=True,
            text=True,
        )
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["statusCode"] == 200
    assert hub.dispatches[0].payload["build-number"] == "47"
