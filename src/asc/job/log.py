"""The handlers of logging: lines and annotations in a job, text on a terminal."""

from __future__ import annotations

import logging
import sys
from io import StringIO, TextIOWrapper

from asc.job import progress, workflow
from asc.job.secrets import Secrets
from asc.words import printable


class JobHandler(logging.Handler):
    """Writes records to standard output in order: INFO as lines, WARNING as annotations, DEBUG as ::debug:: lines."""

    def __init__(self, secrets: Secrets, title: str) -> None:
        super().__init__()
        self._secrets = secrets
        self._title = title

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record with its secrets masked."""
        text = self._secrets.hide(self.format(record))
        if record.levelno >= logging.WARNING:
            workflow.annotate("warning", self._title, text)
        elif record.levelno >= logging.INFO:
            workflow.line(text)
        else:
            workflow.debug(text)


class TerminalHandler(logging.Handler):
    """Writes records to standard error, so that standard output has only the outputs."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record with its secrets masked."""
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        with progress.set_aside():
            print_error(prefix + self._secrets.hide(self.format(record)))


def print_error(text: str) -> None:
    """Print a text to standard error, without control characters."""
    print(printable(text), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Print an output of the command to standard output."""
    print(text, flush=True)


def open_streams() -> None:
    """Make the standard streams accept every text. Closed streams discard it; others replace missing characters."""
    sys.stdout = sys.stdout or StringIO()
    sys.stderr = sys.stderr or StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def start(secrets: Secrets, in_job: bool, debug: bool, title: str) -> None:
    """Send the log records of asc, but not of libraries, to the job or the terminal."""
    logger = logging.getLogger("asc")
    logger.handlers = [JobHandler(secrets, title) if in_job else TerminalHandler(secrets)]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    # The root logger would print each record a second time.
    logger.propagate = False
