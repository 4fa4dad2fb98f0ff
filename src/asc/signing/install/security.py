"""Runs macOS' `security`: one call, a limit of time, nothing on its standard input, and no secret in an error."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asc import words
from asc.errors import Error, SetupError
from asc.programs import ProgramTimeout, run_program

TIMEOUT = 60.0
"""Seconds for one call. The slowest, set-key-partition-list, takes about one; a longer wait is a dialog on a screen
that nobody sees."""

LONGEST_WORDS = 300
"""Characters of the tool's standard error that an error quotes."""

_HANDED_ON = ("USER", "LOGNAME", "TMPDIR", "__CF_USER_TEXT_ENCODING")
_TIMED_OUT = 124


@dataclass(frozen=True)
class SecurityResult:
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

    def run(self, *arguments: str, hide: tuple[str, ...] = ()) -> SecurityResult:
        """Runs it and returns whatever it said. `hide` are secrets among the arguments."""
        try:
            done = run_program([self.program, *arguments], self.environment, self.timeout)
        except OSError as error:
            raise SetupError(
                f"{self.program} cannot be run ({error.strerror}).", "Check the runner's PATH."
            ) from None
        except ProgramTimeout:
            return SecurityResult(
                _TIMED_OUT, b"", f"no answer in {self.timeout:g} s, it may wait for a dialog"
            )
        return SecurityResult(done.code, done.output, _cleaned(done.errors, hide))

    def call(self, what: str, *arguments: str, hide: tuple[str, ...] = (), remedy: str = "") -> bytes:
        """Runs it and returns its standard output. Raises SecurityError, which begins with `what`."""
        ran = self.run(*arguments, hide=hide)
        if ran.code != 0:
            raise failed(what, ran, remedy)
        return ran.output


def failed(what: str, ran: SecurityResult, remedy: str = "") -> SecurityError:
    """The error for a call that failed."""
    usual = "Try again; on a self-hosted runner see that its user is logged in and may use keychains."
    return SecurityError(what, ran.code, ran.said, remedy or usual)


def _cleaned(errors: bytes, hide: tuple[str, ...]) -> str:
    text = errors.decode("utf-8", "replace")
    for secret in filter(None, hide):
        text = text.replace(secret, "***")
    line = " ".join(text.split()).removeprefix("security: ")
    return words.printable_name(line, LONGEST_WORDS)


class InstallError(Error):
    """Something could not be put onto this machine. What had been put there is gone again."""


class SecurityError(InstallError):
    """macOS' `security` refused. `code` is its exit code, `said` its words without secrets."""

    def __init__(self, what: str, code: int, said: str, remedy: str) -> None:
        super().__init__(f"{what}: security ended with {code}{f' ({said})' if said else ''}.", remedy)
        self.code = code
        self.said = said


class CleanupError(InstallError):
    """Not everything could be removed. The state stays, so that the next clean-up tries again."""


_KEYCHAIN = re.compile(rb'\s*(?:0x(?P<hex>(?:[0-9A-F]{2})+)\s*)?(?:"(?P<text>.*)")?\s*')
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_IDENTITY = re.compile(r'\s*\d+\)\s+(?P<sha1>[0-9A-F]{40})\s+"(?P<name>.*)"\s*(?:\((?P<fault>[^()]*)\))?\s*')


@dataclass(frozen=True)
class Shown:
    """A line of find-identity. `fault` is what macOS holds against it (`CSSMERR_TP_NOT_TRUSTED`), mostly empty."""

    sha1: str
    name: str
    fault: str


def keychains(output: bytes) -> list[str]:
    """The paths that list-keychains prints, in order. What is no path is passed over."""
    found = []
    for line in output.split(b"\n"):
        match = _KEYCHAIN.fullmatch(line)
        if match is None or (match["hex"] is None and match["text"] is None):
            continue
        if match["hex"] is not None:
            found.append(os.fsdecode(bytes.fromhex(match["hex"].decode())))
        else:
            text = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]), match["text"])
            found.append(os.fsdecode(text))
    return found


def identities(output: bytes) -> list[Shown]:
    """The lines of find-identity. Without -v an identity that is valid stands there twice."""
    text = output.decode("utf-8", "replace")
    matches = (_IDENTITY.fullmatch(line) for line in text.splitlines())
    return [Shown(match["sha1"], match["name"], match["fault"] or "") for match in matches if match]


def same_path(one: str, other: str) -> bool:
    """Whether two paths of keychains are one: however umlauts are written, and through links."""
    return _plain(one) == _plain(other)


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path))


_READ = "The keychain search list cannot be read"
_WRITE = "The keychain search list cannot be set"


def read_search_list(security: Security) -> list[str]:
    """The paths, first searched first. Raises SecurityError."""
    return keychains(security.call(_READ, "list-keychains", "-d", "user"))


def put_first_in_search_list(security: Security, keychain: str, current: list[str]) -> None:
    """Puts `keychain` before those that are there. Raises SecurityError."""
    _set(security, [keychain, *_without(current, keychain)])


def remove_from_search_list(security: Security, keychain: str) -> None:
    """Takes `keychain` out, and leaves what others added or removed meanwhile as it is. Raises SecurityError."""
    current = read_search_list(security)
    rest = _without(current, keychain)
    # An empty list is not written, for what `security` makes of no argument differs: deleting the keychain empties it.
    if rest and len(rest) != len(current):
        _set(security, rest)


def _set(security: Security, paths: list[str]) -> None:
    security.call(_WRITE, "list-keychains", "-d", "user", "-s", *paths)


def _without(paths: list[str], keychain: str) -> list[str]:
    return [each for each in paths if not same_path(each, keychain)]
