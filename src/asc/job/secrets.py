"""The secrets that this process knows: masked in the job's log, and removed from our own texts."""

from __future__ import annotations

from asc.job import workflow


class Secrets:
    """The known secrets. `mask` is True if there is a runner that masks them as well."""

    def __init__(self, mask: bool) -> None:
        self._mask = mask
        self._known: list[str] = []

    def add(self, secret: str | None) -> None:
        """Hide `secret` and each of its lines from now on. Empty and trivial texts are ignored."""
        if not secret:
            return
        parts = [secret, secret.strip(), *(line.strip() for line in secret.splitlines())]
        self._known = sorted({*self._known, *filter(workflow.worth_hiding, parts)}, key=len, reverse=True)
        if self._mask:
            workflow.add_mask(secret)

    def hide(self, text: str) -> str:
        """Return `text` with *** in place of every secret known so far."""
        for secret in self._known:
            text = text.replace(secret, "***")
        return text
