"""Run the `security` command of macOS with a time limit and without input, and keep secrets out of its errors."""

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
"""Seconds for one call. The slowest, set-key-partition-list, takes about one; a longer wait means a dialog."""

LONGEST_WORDS = 300
"""Characters of the tool's standard error that an error quotes."""

_TIMED_OUT = 124
"""The exit code that stands for a timeout, as in timeout(1)."""


@dataclass(frozen=True)
class SecurityResult:
    """The result of a call: exit code, standard output, and standard error in one line without secrets."""

    code: int
    output: bytes = field(repr=False)
    said: str


@dataclass(frozen=True)
class Security:
    """The program with its complete environment; it does not get the secrets in the job's environment."""

    program: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout: float = TIMEOUT

    @classmethod
    def find(cls, path: str, home: Path, timeout: float = TIMEOUT) -> Security:
        """Find `security` in `path` (as PATH). `home` is the home of the search list's user. Raises SetupError."""
        found = shutil.which("security", path=path)
        if not found:
            raise SetupError(
                "The program security was not found: a keychain needs macOS.",
                "Set install: files, or use a macOS runner.",
            )
        return cls(Path(found), {"PATH": path, "HOME": str(home)}, timeout)

    def run(self, *arguments: str, hide: tuple[str, ...] = ()) -> SecurityResult:
        """Run the program and return its result, whatever its exit code is. `hide` are secrets among the arguments.

        Raises SetupError if the program cannot be started.
        """
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
        """Run the program and return its standard output. Raises SecurityError; its message begins with `what`."""
        ran = self.run(*arguments, hide=hide)
        if ran.code != 0:
            raise failed(what, ran, remedy)
        return ran.output


def failed(what: str, ran: SecurityResult, remedy: str = "") -> SecurityError:
    """Return the error for a failed call."""
    usual = "Try again; on a self-hosted runner check that its user is logged in and may use keychains."
    return SecurityError(what, ran.code, ran.said, remedy or usual)


def _cleaned(errors: bytes, hide: tuple[str, ...]) -> str:
    text = errors.decode("utf-8", "replace")
    for secret in filter(None, hide):
        text = text.replace(secret, "***")
    line = " ".join(text.split()).removeprefix("security: ")
    return words.printable_name(line, LONGEST_WORDS)


class InstallError(Error):
    """Something could not be installed on this machine. Everything that had been installed is removed again."""


class SecurityError(InstallError):
    """The `security` command failed. `code` is its exit code, `said` its message without secrets."""

    def __init__(self, what: str, code: int, output: str, remedy: str) -> None:
        super().__init__(f"{what}: security ended with {code}{f' ({output})' if output else ''}.", remedy)
        self.code = code
        self.said = output


class CleanupError(InstallError):
    """Not everything could be removed. The state stays, so that the next clean-up tries again."""


# `security` prints a path with bytes outside ASCII in hexadecimal, followed by the text with octal escapes.
_KEYCHAIN = re.compile(rb'\s*(?:0x(?P<hex>(?:[0-9A-F]{2})+)\s*)?(?:"(?P<text>.*)")?\s*')
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_IDENTITY = re.compile(r'\s*\d+\)\s+(?P<sha1>[0-9A-F]{40})\s+"(?P<name>.*)"\s*(?:\((?P<fault>[^()]*)\))?\s*')


@dataclass(frozen=True)
class KeychainIdentity:
    """A line of find-identity. `fault` is the reason why macOS rejects it (`CSSMERR_TP_NOT_TRUSTED`), "" if it does
    not.
    """

    sha1: str
    name: str
    fault: str


def keychains(output: bytes) -> list[str]:
    """Return the paths that list-keychains prints, in order. Other lines are skipped."""
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


def identities(output: bytes) -> list[KeychainIdentity]:
    """Return the identities that find-identity prints. Without -v it prints a valid identity twice."""
    text = output.decode("utf-8", "replace")
    matches = (_IDENTITY.fullmatch(line) for line in text.splitlines())
    return [
        KeychainIdentity(match["sha1"], match["name"], match["fault"] or "") for match in matches if match
    ]


def same_path(one: str, other: str) -> bool:
    """Return True if two paths name the same keychain, in any form of umlauts and through links."""
    return _plain(one) == _plain(other)


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path))


_READ = "The keychain search list cannot be read"
_WRITE = "The keychain search list cannot be set"


def read_search_list(security: Security) -> list[str]:
    """Return the paths of the search list in order. Raises SecurityError."""
    return keychains(security.call(_READ, "list-keychains", "-d", "user"))


def put_first_in_search_list(security: Security, keychain: str, current: list[str]) -> None:
    """Put `keychain` before the `current` entries. Raises SecurityError."""
    _set(security, [keychain, *_without(current, keychain)])


def remove_from_search_list(security: Security, keychain: str) -> None:
    """Remove `keychain` from the newest search list, and keep all other entries. Raises SecurityError."""
    current = read_search_list(security)
    rest = _without(current, keychain)
    # An empty list is never written, because versions of `security` treat a missing argument differently. Deleting the
    # keychain empties the list.
    if rest and len(rest) != len(current):
        _set(security, rest)


def _set(security: Security, paths: list[str]) -> None:
    security.call(_WRITE, "list-keychains", "-d", "user", "-s", *paths)


def _without(paths: list[str], keychain: str) -> list[str]:
    return [path for path in paths if not same_path(path, keychain)]
