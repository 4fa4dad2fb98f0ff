"""How a failure is told: to the job as an annotation, to a terminal as lines, to the summary in Markdown."""

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

logger = logging.getLogger(__name__)

_TITLES = {
    InputError: "Wrong input",
    KeyRefused: "Wrong input",
    SetupError: "Wrong surroundings",
    UnreachableError: "App Store Connect not reached",
    LostAnswerError: "App Store Connect not reached",
}


def report(error: Error, in_job: bool, secrets: Secrets) -> None:
    """Tells what happened and what to do about it, where the reader of the log looks for it."""
    told = [(secrets.hide(what), secrets.hide(remedy)) for what, remedy in error.told()]
    if in_job:
        workflow.annotate("error", _TITLES.get(type(error), "Failed"), _annotation(told))
        return
    for what, remedy in told:
        for line in what.splitlines():
            log.print_error(f"error: {line}")
        for line in remedy.splitlines():
            log.print_error(f"  fix: {line}")


def for_summary(command: str, error: Error, secrets: Secrets) -> str:
    """The same for the job summary."""
    text = summary.heading(f"❌ {command} failed")
    for what, remedy in error.told():
        text += summary.paragraph(
            "<br>".join(summary.escape(secrets.hide(line)) for line in what.splitlines())
        )
        text += summary.paragraph(f"**What to do:** {summary.escape(secrets.hide(remedy))}")
    return text


def unexpected(error: Exception) -> Error:
    """An exception that nobody foresaw, as an error; its traceback goes to the debug log."""
    import traceback

    logger.debug("%s", "".join(traceback.format_exception(error)))
    if isinstance(error, OSError) and error.errno in (*NO_ROOM, errno.EROFS):
        where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
        return Error(
            f"A file could not be written: {error.strerror}{where}.",
            writing_remedy(error, "Choose a folder on a disk that is not read-only."),
        )
    return Error(
        f"A fault in the action itself: {type(error).__name__}.",
        "Run it again with debug logging (ASC_DEBUG=1, or a re-run with debug logging) and report what it prints.",
    )


def _annotation(told: Sequence[tuple[str, str]]) -> str:
    """All of it in one annotation, for the runner shows ten. What is cut must not be the way out."""
    room = workflow.LONGEST_ANNOTATION // len(told) - 2
    parts = [f"{what[: max(room - len(remedy), 0)]}\n{remedy}" for what, remedy in told]
    return "\n".join(part.strip() for part in parts)
