"""What can go wrong, as one small tree. The class decides the exit code, the instance says what to do.

    Error                    1  the job failed
    ├── InputError           2  the inputs are wrong; nothing was sent
    ├── SetupError           2  the place the step runs in is wrong; nothing was sent
    ├── UnreachableError     3  App Store Connect could not be reached or kept failing
    │   └── LostAnswerError  3  a write was sent, and whether it was applied is not known
    ├── ManyError            1  several of these at once (2 when all are InputError)
    └── ApiError             1  App Store Connect said no (asc.api.errors)

Texts never hold a secret: they name inputs, fields, files and Apple's codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class Error(Exception):
    """The job failed: `message` says what happened, `remedy` what to do about it, one line each."""

    exit_code = 1

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def told(self) -> list[tuple[str, str]]:
        """What happened, each with what to do about it."""
        return [(self.message, self.remedy)]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one input."""

    input: str
    reason: str
    remedy: str


class InputError(Error):
    """The inputs are wrong. Carries every problem found, so that one run shows them all."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(f"{problem.input}: {problem.reason}" for problem in self.problems),
            "\n".join(dict.fromkeys(problem.remedy for problem in self.problems)),
        )

    def told(self) -> list[tuple[str, str]]:
        """Each problem with its own remedy."""
        return [(f"{problem.input}: {problem.reason}", problem.remedy) for problem in self.problems]


class SetupError(Error):
    """The place the step runs in does not fit, for example a file of the runner that cannot be written."""

    exit_code = 2


class Findings:
    """Collects what several checks find, so that one run tells all of it."""

    def __init__(self) -> None:
        self._found: list[Error] = []

    def of(self, check: Callable[[], T], otherwise: T) -> T:
        """Return what a check returns, or `otherwise` where it found something wrong.

        Raises UnreachableError at once: the other checks would ask in vain.
        """
        try:
            return check()
        except UnreachableError:
            raise
        except Error as error:
            self._found.append(error)
            return otherwise

    @property
    def any(self) -> bool:
        """Return True if something was found."""
        return bool(self._found)

    def tell(self) -> None:
        """Raise what was found: one error as it is, several as one; nothing where nothing was found."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise ManyError(self._found)


class ManyError(Error):
    """Several things are wrong at once: exit code 2 where all of them are inputs, else 1."""

    def __init__(self, found: Iterable[Error]) -> None:
        self.found = tuple(found)
        pairs = self.told()
        super().__init__(
            "\n".join(message for message, _ in pairs), "\n".join(dict.fromkeys(fix for _, fix in pairs))
        )
        self.exit_code = min(error.exit_code for error in self.found)

    def told(self) -> list[tuple[str, str]]:
        """Return each with its own remedy."""
        return [pair for error in self.found for pair in error.told()]


class UnreachableError(Error):
    """App Store Connect could not be reached, or kept failing until the deadline."""

    exit_code = 3


class LostAnswerError(UnreachableError):
    """A write was sent but its answer was lost: look before repeating it."""
