"""The page "Your first hour": its commands run one after the other, as they stand, against one sandbox."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from asc_sandbox.plans import Processing
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY

PAGE = (REPOSITORY / "docs" / "first-hour.md").read_text("utf-8")
STARTED_BY_THE_TEST = ("make setup", ".venv/bin/python entrypoint.py sandbox --port")


def test_the_commands_lead_from_an_upload_to_a_release(tmp_path: Path) -> None:
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    lines = [line for line in commands.splitlines() if not line.startswith(STARTED_BY_THE_TEST)]
    key = tmp_path / "sandbox-key.json"
    with start_sandbox(processing=Processing(seconds=0.2), key_file=key) as sandbox:
        # The folder comes first: the other two replacements may contain /tmp/ themselves.
        script = "\n".join(lines).replace("/tmp/", f"{tmp_path}/")
        script = script.replace("http://127.0.0.1:8080", sandbox.url).replace("sandbox-key.json", str(key))
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=REPOSITORY,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        versions = {one.attributes["versionString"]: one for one in sandbox.world.all("appStoreVersions")}
        assert versions["1.5.0"].attributes["appVersionState"] == "READY_FOR_DISTRIBUTION"
        assert len(sandbox.delivered) == 1
        friends = next(one for one in sandbox.world.all("betaGroups") if one.attributes["name"] == "Friends")
        assert sandbox.world.related(friends, "betaTesters") == []
