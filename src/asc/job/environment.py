"""The environment variables of the job. Other packages receive them from here and read none themselves."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_WITHOUT_SECRETS_FOR_FORKS = {"pull_request", "pull_request_review", "pull_request_review_comment"}


@dataclass(frozen=True)
class Job:
    """The environment of the step. `in_job` is False on a laptop."""

    in_job: bool
    debug: bool
    api_url: str | None
    ca_bundle: str | None
    why_no_secrets: str | None
    """The reason why secrets may be missing here, with the remedy, or None."""
    environment: Mapping[str, str] = field(repr=False)
    """All variables as they were at the start."""

    @classmethod
    def read(cls) -> Job:
        """Return the job that the environment variables describe."""
        env = os.environ
        return cls(
            in_job=bool(env.get("GITHUB_OUTPUT")),
            debug=env.get("RUNNER_DEBUG") == "1" or env.get("ASC_DEBUG") == "1",
            api_url=env.get("ASC_API_URL") or None,
            ca_bundle=env.get("REQUESTS_CA_BUNDLE") or env.get("SSL_CERT_FILE") or None,
            why_no_secrets=_why_no_secrets(),
            environment=dict(env),
        )


IN_OUR_CONTAINER = "ASC_IN_CONTAINER"


def in_our_container() -> bool:
    """Return True in the container that bin/run started, False in any other and outside of one."""
    return IN_OUR_CONTAINER in os.environ


def take_environment_from_stdin() -> None:
    """Set variables from NUL-separated NAME=VALUE on standard input, which bin/run writes."""
    os.environ[IN_OUR_CONTAINER] = "1"
    for pair in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\0"):
        name, separator, value = pair.partition("=")
        if separator and name:
            os.environ[name] = value
    # Child processes must not wait for input from bin/run.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def take(name: str) -> str | None:
    """Return a variable and remove it, so that no child process inherits it."""
    return os.environ.pop(name, None)


def docker_action_inputs() -> dict[str, str]:
    """Return the inputs of the root Docker action, and remove their INPUT_ variables."""
    # The runner writes the names in upper case, keeps dashes and replaces blanks by underscores.
    names = [name for name in os.environ if name.startswith("INPUT_")]
    return {name.removeprefix("INPUT_").lower().replace("_", "-"): os.environ.pop(name) for name in names}


def _why_no_secrets() -> str | None:
    if os.environ.get("GITHUB_ACTOR") == "dependabot[bot]":
        return "Dependabot's runs only see Dependabot secrets: add the key there, or skip this step for them."
    if os.environ.get("GITHUB_EVENT_NAME", "pull_request") not in _WITHOUT_SECRETS_FOR_FORKS:
        return None
    path = Path(os.environ.get("GITHUB_EVENT_PATH") or os.devnull)
    # A device may never end.
    if not path.is_file():
        return None
    try:
        event = json.loads(path.read_text("utf-8"))
        head, base = (event["pull_request"][side]["repo"]["full_name"] for side in ("head", "base"))
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None
    if head == base:
        return None
    return (
        "Secrets are not passed to pull requests from forks: skip this step for them "
        "(if: github.event.pull_request.head.repo.fork == false)."
    )
