"""Workflow commands and file commands: the only module that spells them.

`actions_toolkit.core` does the printing and the writing; this module closes its gaps: names are checked,
each command is flushed, empty properties and empty masks are left out, a multi-line secret is masked line
by line as well as whole, foreign text cannot smuggle a command in, and there are summaries.
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actions_toolkit import core

from asc.errors import SetupError
from asc.job import environment
from asc.words import printable

LONGEST_ANNOTATION = 4096
LARGEST_SUMMARY = 900 * 1024
"""Bytes. The runner drops a whole summary of over 1 MiB."""
SHORTEST_MASK = 5
_TRIVIAL = re.compile(r"\W*(true|false|null|none)?\W*|-----[A-Z ]+-----", re.IGNORECASE)


def add_mask(secret: str) -> None:
    """Hides `secret` in everything that the job prints from now on: whole, and each line of it."""
    parts = [secret, *secret.splitlines(), *(line.strip() for line in secret.splitlines())]
    for part in filter(worth_hiding, dict.fromkeys(parts)):
        core.set_secret(part)
    sys.stdout.flush()


def worth_hiding(text: str) -> bool:
    """False for texts so short or so common that hiding them would only garble the log."""
    return len(text.strip()) >= SHORTEST_MASK and not _TRIVIAL.fullmatch(text.strip())


def annotate(level: str, title: str, message: str) -> None:
    """Prints an annotation; `level` is error, warning or notice."""
    if len(message) > LONGEST_ANNOTATION:
        message = message[: LONGEST_ANNOTATION - 1] + "…"
    # core.error and its like would print every property they know, also the empty ones.
    core.issue_command(level, {"title": harmless(title)} if title else {}, harmless(message))
    sys.stdout.flush()


def debug(message: str) -> None:
    """Prints a line that only shows when the job runs with debug logging."""
    core.debug(harmless(message))
    sys.stdout.flush()


@contextmanager
def group(title: str) -> Iterator[None]:
    """Folds the lines of a block away below `title`; the runner knows no group within a group. In a job only."""
    in_job = bool(os.environ.get("GITHUB_OUTPUT"))
    if in_job:
        core.start_group(harmless(title))
        sys.stdout.flush()
    try:
        yield
    finally:
        if in_job:
            core.end_group()
            sys.stdout.flush()


def line(text: str) -> None:
    """Prints text as it is, made harmless."""
    sys.stdout.write("".join(harmless(part) + "\n" for part in text.splitlines()))
    sys.stdout.flush()


def harmless(text: str) -> str:
    """Breaks whatever the runner would take for a command, with a zero-width space that no reader sees.

    `##[` counts anywhere in a line, `::` at its beginning; a bare carriage return ends a line too.
    """
    text = printable(text.replace("\r\n", "\n").replace("\r", " ")).replace("##[", "#\u200b#[")
    return re.sub(r"^(\s*):(?=:)", "\\1\u200b:", text, flags=re.MULTILINE)


def set_output(name: str, value: str) -> None:
    """Sets an output of the step. The value may hold anything; a delimiter that is not in it is used."""
    _check_name(name)
    core.set_output(name, _writable(value))


def set_env(name: str, value: str) -> None:
    """Sets a variable for the later steps of the job; without a job there is nothing to set it in."""
    if os.environ.get("GITHUB_ENV"):
        core.export_variable(name, _writable(value).replace("\0", ""))


def _writable(value: str) -> str:
    """`value` with a question mark for each half of a character, which no file takes."""
    return value.encode("utf-8", "replace").decode()


def append_summary(markdown: str) -> None:
    """Adds to the job summary."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    text = printable(markdown).encode("utf-8", "replace")
    if len(text) > LARGEST_SUMMARY:
        text = (
            text[:LARGEST_SUMMARY].decode("utf-8", "ignore").encode() + b"\n\n_Cut: the rest is too long._\n"
        )
    with Path(path).open("ab") as file:
        file.write(text)


def check_files() -> None:
    """Stops with a clear error when a file of the runner is named but cannot be written: a wrong mount shows here."""
    for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        path = os.environ.get(variable)
        if path and not (Path(path).is_file() and os.access(path, os.W_OK)):
            raise SetupError(
                f"{variable} names {path}, which is not a file that can be written.",
                "Run the step as the user of the runner, with the runner's folders at their own paths"
                + (", or set ASC_RUNTIME=native." if environment.in_our_container() else "."),
            )


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
        raise ValueError(f"not a name for an output: {name!r}")
