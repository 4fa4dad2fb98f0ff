"""The errors of the actions, as one small tree. The class decides the exit code, the instance says what to do.

    Error                    1  the step failed
    ├── InputError           2  inputs are wrong; nothing was sent
    ├── SetupError           2  the machine or the job is set up wrongly; nothing was sent
    ├── UnreachableError     3  App Store Connect could not be reached or kept failing
    │   └── LostAnswerError  3  a write was sent, and nobody knows if it was applied
    ├── ManyError            1  several errors at once (2 if all of them have 2)
    ├── ApiError             1  App Store Connect refused a request (asc.api.errors)
    └── StorageError         1  the storage of sync-signing refused a request (asc.signing.storage.model)
        └── StorageUnreachable 3  it could not be reached or kept failing

No text holds a secret: texts name inputs, fields, files and Apple's codes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class Error(Exception):
    """The step failed: `message` says what happened, `remedy` what to do about it, one line each."""

    exit_code = 1

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def pairs(self) -> list[tuple[str, str]]:
        """Return pairs of a message and its remedy, one for each thing that went wrong."""
        return [(self.message, self.remedy)]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one input."""

    input: str
    reason: str
    remedy: str


class InputError(Error):
    """Inputs are wrong. Holds every problem found, so that one run shows them all."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(f"{problem.input}: {problem.reason}" for problem in self.problems),
            "\n".join(dict.fromkeys(problem.remedy for problem in self.problems)),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Return pairs of a message and a remedy, one for each problem."""
        return [(f"{problem.input}: {problem.reason}", problem.remedy) for problem in self.problems]


class SetupError(Error):
    """The machine or the job is set up wrongly, for example with a file of the runner that cannot be written."""

    exit_code = 2


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def writing_remedy(error: OSError, otherwise: str) -> str:
    """Return what to do about a file that could not be written: make room if the disk is full, else `otherwise`."""
    return "Make room on the disk, then run the step again." if error.errno in NO_ROOM else otherwise


class Findings:
    """Collects the errors of several checks, so that one run reports all of them."""

    def __init__(self) -> None:
        self._found: list[Error] = []

    def result_of(self, check: Callable[[], T], otherwise: T) -> T:
        """Return the result of a check, or `otherwise` if it raises an Error, which is kept.

        Raises UnreachableError at once, because the other checks would not reach App Store Connect either.
        """
        try:
            return check()
        except UnreachableError:
            raise
        except Error as error:
            self.add(error)
            return otherwise

    def add(self, error: Error) -> None:
        """Keep an error that the caller caught, also an UnreachableError."""
        self._found.append(error)

    @property
    def errors(self) -> tuple[Error, ...]:
        """Return the errors that were kept, in their order."""
        return tuple(self._found)

    @property
    def any(self) -> bool:
        """Return True if a check has raised an error so far."""
        return bool(self._found)

    def raise_all(self) -> None:
        """Raise the kept errors: a single one as it is, several as one ManyError. Return if there are none."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise ManyError(self._found)


class ManyError(Error):
    """Several errors at once. The exit code is 2 if all of them have 2, else 1."""

    def __init__(self, found: Iterable[Error]) -> None:
        self.found = tuple(found)
        both = self.pairs()
        super().__init__(
            "\n".join(message for message, _ in both), "\n".join(dict.fromkeys(fix for _, fix in both))
        )
        # 2 only if every error is about inputs.
        self.exit_code = min(error.exit_code for error in self.found)

    def pairs(self) -> list[tuple[str, str]]:
        """Return pairs of a message and its remedy, those of all errors in order."""
        return [pair for error in self.found for pair in error.pairs()]


class UnreachableError(Error):
    """App Store Connect could not be reached, or kept failing until the deadline."""

    exit_code = 3


class LostAnswerError(UnreachableError):
    """A write was sent but its answer was lost. Read the state before you repeat it."""
