"""act, the local runner of workflows: runs one and tells what its steps printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scratch import outside_a_job

ACT = Path(sys.executable).with_name("act")
# Host mode: the steps run on this machine itself, without Docker.
ON_THIS_MACHINE = ("--platform", "ubuntu-latest=-self-hosted")


@dataclass
class ActRun:
    """What act did with a workflow."""

    exit_code: int
    records: list[dict[str, Any]]
    everything: str

    @property
    def printed(self) -> str:
        """What a reader sees of the steps: with masks, and without act's own remarks."""
        return "".join(record["msg"] for record in self.records if record.get("raw_output"))

    def commands(self, name: str) -> list[dict[str, Any]]:
        """The workflow commands of one kind that act understood: `arg` is the data, `kvPairs` the properties."""
        return [record for record in self.records if record.get("command") == name]

    @property
    def summary(self) -> str:
        return "".join(record["content"] for record in self.commands("summary"))

    def job_result(self, job: str) -> str | None:
        """`success`, `failure`, or None for a job that did not run."""
        records = [record for record in self.records if record.get("jobID") == job]
        return next((record["jobResult"] for record in records if "jobResult" in record), None)


Act = Callable[..., ActRun]
"""`run_act` with its cache, secrets and environment at hand."""


def run_act(
    repository: Path,
    workflow: str,
    *options: str,
    cache: Path,
    secrets: Mapping[str, str],
    env: Mapping[str, str],
    event: str = "workflow_dispatch",
    payload: Mapping[str, Any] | None = None,
) -> ActRun:
    """Runs a workflow in a repository. Secrets reach act by its environment, for its command line is public.

    `payload` is what GitHub would tell of the event, `env` the environment of the job. A PATH in it is act's own.
    """
    file = repository / ".github/workflows/test.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(workflow)
    become_git_repository(repository)
    command = [str(ACT), event, "--workflows", str(file), "--json", "--rm", "--no-cache-server"]
    command += options or ON_THIS_MACHINE
    if payload:
        cache.mkdir(parents=True, exist_ok=True)
        described = cache / f"{uuid.uuid4()}.json"
        described.write_text(json.dumps(payload))
        command += ["--eventpath", str(described)]
    for name in secrets:
        command += ["--secret", name]
    for name, value in env.items():
        command += ["--env", f"{name}={value}"]
    done = subprocess.run(
        command,
        cwd=repository,
        env={
            **outside_a_job(),
            "XDG_CACHE_HOME": str(cache),
            **secrets,
            "PATH": env.get("PATH", os.environ["PATH"]),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    everything = done.stdout + done.stderr
    records = [json.loads(line) for line in everything.splitlines() if line.startswith("{")]
    return ActRun(done.returncode, records, everything)


def become_git_repository(folder: Path) -> None:
    """act reads the ref and the commit of the repository that it runs in."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    author = ["-c", "user.name=Tests", "-c", "user.email=tests@example.com"]
    commit = [*author, "commit", "-q", "--allow-empty", "-m", "All"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], commit):
        # No test reads the objects: to compress them would only cost time.
        subprocess.run(["git", "-c", "core.compression=0", *arguments], cwd=folder, check=True, env=env)
