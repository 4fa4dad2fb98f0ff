"""Runs macOS' `security`: one call, a limit of time, nothing on its standard input, and no secret in an error."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asc import words
from asc.errors import SetupError
from asc.signing.install.errors import SecurityError

TIMEOUT = 60.0
"""Seconds for one call. The slowest, set-key-partition-list, takes about one; a longer wait is a dialog on a screen
that nobody sees."""

_HANDED_ON = ("USER", "LOGNAME", "TMPDIR", "__CF_USER_TEXT_ENCODING")
_TIMED_OUT = 124


@dataclass(frozen=True)
class Ran:
    """One call: its exit code, its standard output, and its standard error without secrets, in one line."""

    code: int
    output: bytes = field(repr=False)
    said: str


@dataclass(frozen=True)
class Security:
    """The program. `environment` is all that it sees: secrets of the job's environment are not handed on."""

    program: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout: float = TIMEOUT

    @classmethod
    def find(
        cls, path: str, home: Path, environment: Mapping[str, str] | None = None, timeout: float = TIMEOUT
    ) -> Security:
        """Looks for `security` in `path` (as PATH). `home` is whose search list it is. Raises SetupError."""
        found = shutil.which("security", path=path)
        if not found:
            raise SetupError(
                "The program security is not there: a keychain needs macOS.",
                "Use install: files here, or a macOS runner.",
            )
        given = {name: value for name, value in (environment or {}).items() if name in _HANDED_ON}
        return cls(Path(found), {**given, "PATH": path, "HOME": str(home)}, timeout)

    def run(self, *arguments: str, hide: tuple[str, ...] = ()) -> Ran:
        """Runs it and returns whatever it said. `hide` are secrets among the arguments."""
        try:
            process = subprocess.Popen(
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,  # so that it fails where it would ask
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self.environment),
                start_new_session=True,
            )
        except OSError as error:
            raise SetupError(
                f"{self.program} cannot be run ({error.strerror}).", "Check the runner's PATH."
            ) from None
        try:
            output, errors = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            return Ran(_TIMED_OUT, b"", f"no answer in {self.timeout:g} s, it may wait for a dialog")
        except BaseException:
            _end(process)
            raise
        return Ran(process.returncode, output, _cleaned(errors, hide))

    def call(self, what: str, *arguments: str, hide: tuple[str, ...] = (), remedy: str = "") -> bytes:
        """Runs it and returns its standard output. Raises SecurityError, which begins with `what`."""
        ran = self.run(*arguments, hide=hide)
        if ran.code != 0:
            raise failed(what, ran, remedy)
        return ran.output


def failed(what: str, ran: Ran, remedy: str = "") -> SecurityError:
    """The error for a call that failed."""
    usual = "Try again; on a self-hosted runner see that its user is logged in and may use keychains."
    return SecurityError(what, ran.code, ran.said, remedy or usual)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it and what it started. It is a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    process.wait()


def _cleaned(errors: bytes, hide: tuple[str, ...]) -> str:
    text = errors.decode("utf-8", "replace")
    for secret in filter(None, hide):
        text = text.replace(secret, "***")
    line = words.printable(" ".join(text.split())).removeprefix("security: ")
    return line[:300]
