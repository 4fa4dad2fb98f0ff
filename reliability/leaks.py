"""Looks for secrets where none may be: in what a step printed and handed over, and in the files that it left."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.running import Done

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")
"""A minted token, whoever minted it."""
ASKED_FOR = ("p12-password",)
"""Outputs that are a secret: the user asked for the p12 that it opens."""


def of_key(api_key: Mapping[str, Any]) -> list[str]:
    """All that gives an API key away: each line, the lines joined, and the text in base64."""
    pem = str(api_key["key"])
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    return [*lines, "".join(lines), base64.b64encode(pem.encode()).decode(), json.dumps(pem)]


def in_words(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that a text gives away, shortened; masked ones are no secrets any more."""
    found = [secret for secret in secrets if secret in text]
    return [f"{secret[:12]}…" for secret in (*found, *TOKEN.findall(text))]


def said(done: Done, secrets: Iterable[str]) -> Iterator[str]:
    """Secrets in the log without its masks, in the summary and in the outputs."""
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
    """Secrets in files below a folder."""
    secrets = list(secrets)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode("utf-8", "replace")
            yield from (
                f"{secret} in the file {path.relative_to(folder)}" for secret in in_words(text, secrets)
            )
