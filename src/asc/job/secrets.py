"""The secrets this process knows: masked in the job's log, and taken out of every text of our own."""

from __future__ import annotations

from asc.job import workflow


class Secrets:
    """Remembers secrets. `mask` says whether there is a runner to tell them to."""

    def __init__(self, mask: bool) -> None:
        self._mask = mask
        self._known: list[str] = []

    def add(self, secret: str | None) -> None:
        """Hides `secret`, and each line of it, from now on. Empty and trivial ones are passed over."""
        if not secret:
            return
        parts = [secret, secret.strip(), *(line.strip() for line in secret.splitlines())]
        self._known = sorted({*self._known, *filter(workflow.worth_hiding, parts)}, key=len, reverse=True)
        if self._mask:
            workflow.add_mask(secret)

    def hide(self, text: str) -> str:
        """`text` with *** for every secret known so far."""
        for secret in self._known:
            text = text.replace(secret, "***")
        return text
