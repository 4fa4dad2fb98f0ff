"""The standard logging of the core, as lines and annotations of the job, or as text on a terminal."""

from __future__ import annotations

import logging
import sys
from io import StringIO, TextIOWrapper

from asc.job import progress, workflow
from asc.job.secrets import Secrets
from asc.words import printable


class JobHandler(logging.Handler):
    """In a job: INFO is a line, WARNING an annotation, DEBUG a ::debug:: line. All on standard output, in order."""

    def __init__(self, secrets: Secrets, title: str) -> None:
        super().__init__()
        self._secrets = secrets
        self._title = title

    def emit(self, record: logging.LogRecord) -> None:
        """Prints one record."""
        text = self._secrets.hide(self.format(record))
        if record.levelno >= logging.WARNING:
            workflow.annotate("warning", self._title, text)
        elif record.levelno >= logging.INFO:
            workflow.line(text)
        else:
            workflow.debug(text)


class TerminalHandler(logging.Handler):
    """On a laptop: everything on standard error, so that standard output holds the outputs alone."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        """Prints one record."""
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        with progress.set_aside():
            print_error(prefix + self._secrets.hide(self.format(record)))


def print_error(text: str) -> None:
    """Prints to standard error, without what would command the terminal."""
    print(printable(text), file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Prints to standard output."""
    print(text, flush=True)


def open_streams() -> None:
    """Makes the standard streams take every text: closed ones nothing, the others what their encoding lacks."""
    sys.stdout = sys.stdout or StringIO()
    sys.stderr = sys.stderr or StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def start(secrets: Secrets, in_job: bool, debug: bool, title: str) -> None:
    """Sends the log of the core (not that of libraries) to where the user reads it."""
    logger = logging.getLogger("asc")
    logger.handlers = [JobHandler(secrets, title) if in_job else TerminalHandler(secrets)]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
