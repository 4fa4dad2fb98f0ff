"""How installing fails."""

from __future__ import annotations

from asc.errors import Error


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
