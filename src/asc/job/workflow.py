"""Workflow commands and file commands. No other module writes them.

`actions_toolkit.core` prints and writes; this module adds what it lacks: it checks names, flushes each command, omits
empty properties and masks, masks a secret of several lines also line by line, breaks commands in foreign text, and
writes summaries. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
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
"""Bytes of a summary. The runner drops a summary of more than 1 MiB."""
SHORTEST_MASK = 5
_TRIVIAL = re.compile(r"\W*(true|false|null|none)?\W*|-----[A-Z ]+-----", re.IGNORECASE)


def add_mask(secret: str) -> None:
    """Mask `secret`, whole and line by line, in all output of the job from now on."""
    # The runner compares masks line by line, so a secret of several lines needs a mask for each of its lines.
    parts = [secret, *secret.splitlines(), *(line.strip() for line in secret.splitlines())]
    for part in filter(worth_hiding, dict.fromkeys(parts)):
        core.set_secret(part)
    sys.stdout.flush()


def worth_hiding(text: str) -> bool:
    """Return False for texts so short or common that a mask would garble the log."""
    return len(text.strip()) >= SHORTEST_MASK and not _TRIVIAL.fullmatch(text.strip())


def annotate(level: str, title: str, message: str, *, file: str = "", line: int = 0) -> None:
    """Print an annotation. `level` is error, warning or notice.

    `file` is a path; without it the annotation stands at the step. `line` counts from 1.
    """
    # GitHub finds a file only by its path in the repository.
    if file and Path(file).is_relative_to(Path.cwd()):
        file = str(Path(file).relative_to(Path.cwd()))
    if len(message) > LONGEST_ANNOTATION:
        message = message[: LONGEST_ANNOTATION - 1] + "…"
    # core.error and its like would print every property they know, also the empty ones.
    place = {"file": harmless(file), "line": str(line) if line else ""}
    properties = {name: value for name, value in {"title": harmless(title), **place}.items() if value}
    core.issue_command(level, properties, harmless(message))
    sys.stdout.flush()


def debug(message: str) -> None:
    """Print a line that the job shows only with debug logging."""
    core.debug(harmless(message))
    sys.stdout.flush()


@contextmanager
def group(title: str) -> Iterator[None]:
    """Within the block, fold the lines below `title` (in a job only). The runner knows no nested groups."""
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
    """Print text as it is, except for commands in it."""
    sys.stdout.write("".join(harmless(part) + "\n" for part in text.splitlines()))
    sys.stdout.flush()


def harmless(text: str) -> str:
    """Return text with a zero-width space in each place that the runner would take for a command."""
    # `##[` counts anywhere in a line, `::` only at its beginning. A bare carriage return ends a line as well.
    text = printable(text.replace("\r\n", "\n").replace("\r", " ")).replace("##[", "#\u200b#[")
    return re.sub(r"^(\s*):(?=:)", "\\1\u200b:", text, flags=re.MULTILINE)


def set_output(name: str, value: str) -> None:
    """Set an output of the step to any text."""
    _check_name(name)
    # The toolkit writes a delimiter that does not occur in the value.
    core.set_output(name, _writable(value))


def set_env(name: str, value: str) -> None:
    """Set a variable for the later steps of the job. Does nothing without a job."""
    if os.environ.get("GITHUB_ENV"):
        core.export_variable(name, _writable(value).replace("\0", ""))


def _writable(value: str) -> str:
    """Return `value` with a question mark for each half of a surrogate pair, which no file accepts."""
    return value.encode("utf-8", "replace").decode()


def append_summary(markdown: str) -> None:
    """Append Markdown to the job summary, cut at GitHub's limit. Outside of a job this does nothing."""
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
    """Raise SetupError if a file of the runner is named but cannot be written, for example after a wrong mount."""
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
