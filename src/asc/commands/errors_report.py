"""Report an error: as an annotation in a job, as lines on a terminal, and as Markdown in the summary."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Sequence

from asc.api.key.model import KeyRefused
from asc.errors import (
    NO_ROOM,
    Error,
    InputError,
    LostAnswerError,
    SetupError,
    UnreachableError,
    writing_remedy,
)
from asc.job import log, summary, workflow
from asc.job.secrets import Secrets
from asc.words import printable_name

logger = logging.getLogger(__name__)

_TITLES = {
    InputError: "Wrong input",
    KeyRefused: "Wrong input",
    SetupError: "Wrong setup",
    UnreachableError: "App Store Connect not reached",
    LostAnswerError: "App Store Connect not reached",
}


_OUT_OF_REACH = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE)
"""Reasons of the machine for which a file or folder cannot be used. None of them is a bug."""


def report(error: Error, in_job: bool, secrets: Secrets) -> None:
    """Print the error and its remedy as an annotation or on the terminal."""
    pairs = [(secrets.hide(what), secrets.hide(remedy)) for what, remedy in error.pairs()]
    if in_job:
        workflow.annotate("error", _TITLES.get(type(error), "Failed"), _annotation(pairs))
        return
    for what, remedy in pairs:
        for line in what.splitlines():
            log.print_error(f"error: {line}")
        for line in remedy.splitlines():
            log.print_error(f"  fix: {line}")


def for_summary(command: str, error: Error, secrets: Secrets) -> str:
    """Return the error and its remedy as Markdown."""
    text = summary.heading(f"❌ {command} failed")
    for what, remedy in error.pairs():
        text += summary.paragraph(
            "<br>".join(summary.escape(secrets.hide(line)) for line in what.splitlines())
        )
        text += summary.paragraph(f"**What to do:** {summary.escape(secrets.hide(remedy))}")
    return text


def unexpected(error: Exception) -> Error:
    """Return an Error for an exception that no code expected. Its traceback goes to the debug log."""
    import traceback

    logger.debug("%s", "".join(traceback.format_exception(error)))
    # A full or read-only disk is a fault of the machine: nobody should report it as a bug.
    if isinstance(error, OSError) and error.errno in (*NO_ROOM, errno.EROFS):
        where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
        return Error(
            f"A file could not be written: {error.strerror}{where}.",
            writing_remedy(error, "Choose a folder on a disk that is not read-only."),
        )
    if isinstance(error, OSError) and error.errno in _OUT_OF_REACH and error.filename:
        return Error(
            f"{printable_name(os.fsdecode(error.filename))} cannot be used: {error.strerror}.",
            "Check the path, and the permissions of its folders.",
        )
    return Error(
        f"The action has a bug: {type(error).__name__}.",
        "Run it again with debug logging (ASC_DEBUG=1, or a re-run with debug logging) and report its output.",
    )


def _annotation(pairs: Sequence[tuple[str, str]]) -> str:
    """Return all pairs in the text of one annotation. Messages are cut if needed, but not remedies."""
    # The runner shows ten annotations of a step, so all errors share one.
    room = workflow.LONGEST_ANNOTATION // len(pairs) - 2
    parts = [f"{what[: max(room - len(remedy), 0)]}\n{remedy}" for what, remedy in pairs]
    return "\n".join(part.strip() for part in parts)
