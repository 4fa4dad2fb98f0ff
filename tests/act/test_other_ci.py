"""The examples for other CI systems: their commands run as they stand, with the package's command on the PATH."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from asc_sandbox.plans import Processing
from asc_sandbox.samples import make_ipa
from support.sandbox import start_sandbox
from support.scratch import REPOSITORY

PAGE = (REPOSITORY / "docs" / "other-ci.md").read_text("utf-8")


def block(heading: str) -> str:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.search(r"```\w+\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


def gitlab() -> list[str]:
    script: list[str] = yaml.safe_load(block("GitLab CI"))["testflight"]["script"]
    return script


def circleci() -> list[str]:
    steps: list[dict[str, Any]] = yaml.safe_load(block("CircleCI"))["jobs"]["testflight"]["steps"]
    return [step["run"] for step in steps if "asc-actions upload" in str(step.get("run"))]


def jenkins() -> list[str]:
    found = re.search(r"'''(.*?)'''", block("Jenkins"), re.DOTALL)
    assert found
    lines = [line.strip() for line in found[1].splitlines()]
    return [
        line.removeprefix(".asc/bin/") for line in lines if "asc-actions" in line and "install" not in line
    ]


def output_of_a_command() -> list[str]:
    return [block("Use an output in the next command")]


@pytest.mark.parametrize(
    ("commands", "evidence"),
    [
        (gitlab, "build-number=47"),
        (circleci, "build-number=47"),
        (jenkins, "build-number=47"),
        (output_of_a_command, "built Example 47"),
    ],
)
def test_commands_of_the_page_run_as_they_stand(commands: Any, evidence: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "asc-actions"
    script.write_text(f"#!{sys.executable}\nimport app_store_connect_actions as a; a.console()\n")
    (tmp_path / "build.sh").write_text('#!/bin/sh\necho "built $1 $2"\n')
    for file in (script, tmp_path / "build.sh"):
        file.chmod(0o755)
    ipa = tmp_path / "build" / "Example.ipa"
    ipa.parent.mkdir()
    make_ipa(ipa, encryption=False, bundle_id="com.example.app", version="1.5.0", build_number="47")
    with start_sandbox(processing=Processing(seconds=0.2)) as sandbox:
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY / "src"),
            "ASC_API_URL": sandbox.url,
            "ASC_API_KEY": json.dumps(sandbox.api_key()),
        }
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(commands())],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert evidence in done.stdout.splitlines()
