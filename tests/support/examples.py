"""The workflows in the docs, run as they stand: their steps by the runner's rules, through bin/run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from support.runner import Result, Runner, evaluate
from support.scratch import REPOSITORY

OURS = re.compile(r"OWNER/REPO/(actions/[a-z-]+)@v1")


def example(page: str, heading: str, replace: Mapping[str, str] | None = None, number: int = 1) -> Any:
    """The YAML block below a heading of a page, the first unless told.

    `replace` puts what is on this machine into GitHub's place.
    """
    text = (REPOSITORY / page).read_text("utf-8")
    for old, new in (replace or {}).items():
        text = text.replace(old, new)
    section = re.split(rf"^#+ {re.escape(heading)}$", text, flags=re.MULTILINE)[1]
    blocks = re.findall(r"^```yaml\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= number, f"{page} has no example {number} below {heading}"
    return yaml.load(blocks[number - 1], yaml.BaseLoader)


def run_example(
    content: Any,
    house: Path,
    runner: Runner,
    secrets: Mapping[str, str],
    steps: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Result]:
    """Runs our steps of an example, in the order of its jobs; what others are there for is not run.

    `steps` has the outputs of steps that came before the example, by their ids.
    """
    jobs = content["jobs"] if isinstance(content, dict) else {"job": {"steps": content}}
    results: list[Result] = []
    needs: dict[str, Any] = {}
    for name, job in jobs.items():
        earlier = {identifier: {"outputs": outputs} for identifier, outputs in (steps or {}).items()}
        contexts: dict[str, Any] = {"secrets": secrets, "needs": needs, "steps": earlier}
        for step in job["steps"]:
            if action := OURS.fullmatch(step.get("uses", "")):
                inputs = {name: evaluate(value, contexts) for name, value in step.get("with", {}).items()}
                result = runner.run(house / action[1], inputs)
                results.append(result)
                contexts["steps"][step.get("id", "")] = {"outputs": result.outputs}
        outputs = {key: evaluate(value, contexts) for key, value in job.get("outputs", {}).items()}
        needs[name] = {"outputs": outputs}
    return results
