"""Look for secrets in places that must have none: log, summary, outputs and files of a step."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.running import Done

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")
"""A signed token (JWT), of any key."""
ASKED_FOR = ("p12-password",)
"""Outputs that are secret by design: the password opens the p12 that the user asked for."""


def of_key(api_key: Mapping[str, Any]) -> list[str]:
    """Return the texts that give an API key away: each line, the lines joined, and the text in base64 and in JSON."""
    pem = str(api_key["key"])
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    return [*lines, "".join(lines), base64.b64encode(pem.encode()).decode(), json.dumps(pem)]


def in_words(text: str, secrets: Iterable[str]) -> list[str]:
    """Return the secrets that a text contains, shortened so that a report does not repeat them."""
    found = [secret for secret in secrets if secret in text]
    return [f"{secret[:12]}…" for secret in (*found, *TOKEN.findall(text))]


def said(done: Done, secrets: Iterable[str]) -> Iterator[str]:
    """Yield the secrets in the log, in the summary and in the outputs, each with its place."""
    # The runner never shows the commands that mask a value.
    raw = "\n".join(line for line in done.stdout.split("\n") if not line.startswith("::add-mask::"))
    outputs = "\n".join(value for name, value in done.outputs.items() if name not in ASKED_FOR)
    places = {
        "standard output": raw,
        "standard error": done.stderr,
        "summary": done.summary,
        "outputs": outputs,
    }
    secrets = list(secrets)
    for place, text in places.items():
        yield from (f"{secret} in the {place}" for secret in in_words(text, secrets))


def left(folder: Path, secrets: Iterable[str]) -> Iterator[str]:
    """Yield the secrets in the files below a folder, each with the path of its file."""
    secrets = list(secrets)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode("utf-8", "replace")
            yield from (
                f"{secret} in the file {path.relative_to(folder)}" for secret in in_words(text, secrets)
            )
