"""A Mac with a stand-in for `security`, for tests. The program is `support/security_program.py`."""

from __future__ import annotations

import ast
import importlib.util
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

from support.security_program import read, write


class Mac(NamedTuple):
    """A Mac as the tests see it. `path` is a PATH on which `security` is found."""

    folder: Path
    home: Path
    path: str

    @property
    def login(self) -> str:
        return str(self.home / "Library/Keychains/login.keychain-db")

    @property
    def _settings(self) -> str:
        return f"{self.folder}/settings"

    @property
    def _state(self) -> str:
        return f"{self.folder}/state"

    def set(self, **settings: Any) -> None:
        """Changes what `DEFAULTS` has. Calls are counted from here."""
        settings = {**read(self._settings), **settings, "since": len(self.calls())}
        write(self._settings, settings)

    def calls(self) -> list[list[str]]:
        """The arguments of every call so far."""
        log = self.folder / "calls"
        return (
            [ast.literal_eval(line)["arguments"] for line in log.read_text().splitlines()]
            if log.exists()
            else []
        )

    def names(self) -> list[str]:
        return [each[0] for each in self.calls()]

    def variables(self) -> set[str]:
        """The names of all variables that any call saw."""
        lines = (self.folder / "calls").read_text().splitlines()
        return {name for line in lines for name in ast.literal_eval(line)["variables"]}

    def search_list(self) -> list[str]:
        return list(self._remembered()["search"])

    def put_search_list(self, paths: list[str]) -> None:
        write(self._state, {**self._remembered(), "search": paths})

    def open_keychains(self) -> list[str]:
        return list(self._remembered()["open"])

    def items(self, keychain: Path) -> dict[str, Any]:
        return read(str(keychain))

    def signs(self, sha1: str) -> bool:
        """Whether codesign finds this certificate and may use its key without a dialog."""
        for path in self.search_list():
            if path not in self.open_keychains() or not Path(path).exists():
                continue
            items = self.items(Path(path))
            certificate = items["certificates"].get(sha1)
            key = items["keys"].get(certificate["key"]) if certificate else None
            if key and "/usr/bin/codesign" in key["tools"] and "codesign:" in key["partitions"]:
                return True
        return False

    def _remembered(self) -> dict[str, Any]:
        return read(self._state)


DEFAULTS: dict[str, Any] = {
    "since": 0,
    "fail_at": 0,  # the number of the call that fails, from 1
    "fail": None,  # the subcommand that fails
    "code": 1,
    "says": "Something is wrong.",
    "after": False,  # it does its work, and fails then
    "kill_at": 0,  # the number of the call that kills the program that called, when it is done
    "hang": None,  # the subcommand that never ends
    "now": "2026-05-01T12:00:00+00:00",
    "untrusted": False,  # the intermediate certificate is missing
    "annotates": False,  # -v lists what is not valid, too, with the reason, as some versions do
    "lists": False,  # create-keychain puts the keychain into the search list, at the end
    "reads_p12": True,
}


def mac(folder: Path, home: Path | None = None) -> Mac:
    """A Mac with a login keychain; `home` is made where it is missing."""
    home = home or folder / "home"
    program = folder / "bin" / "security"
    program.parent.mkdir(parents=True)
    (library,) = importlib.util.find_spec("cryptography").submodule_search_locations  # type: ignore[union-attr, misc]
    # As a module, whose compiled form is kept, and without site-packages until an import needs them: tests call it
    # hundreds of times.
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import security_program as program; program.run_once()"
    )
    places = [str(Path(__file__).resolve().parent), str(Path(library).parent), str(folder)]
    command = shlex.join([sys.executable, "-I", "-S", "-c", code, *places])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    made = Mac(folder, home, f"{program.parent}:/usr/bin:/bin")
    Path(made.login).parent.mkdir(parents=True)
    write(made.login, {"password": "login", "certificates": {}, "keys": {}})
    write(f"{folder}/settings", DEFAULTS)
    write(f"{folder}/state", {"open": [made.login], "search": [made.login]})
    return made
