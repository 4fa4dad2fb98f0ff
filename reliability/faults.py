"""The faults that each request is given, in the sandbox's language."""

from __future__ import annotations

from dataclasses import dataclass

REFUSALS = (400, 401, 403, 404, 409, 422)
"""Statuses by which App Store Connect refuses. A step that fails because of one may end with 1 as well as with 3."""
ONCE, ALWAYS = "once", "always"


@dataclass(frozen=True)
class Kind:
    """One fault: `words` in the sandbox's language, `often` is once or always."""

    words: str
    often: str

    @property
    def is_refusal(self) -> bool:
        """Return True if the fault is an answer by which Apple refuses."""
        return any(f"status={status}" in self.words for status in REFUSALS)

    @property
    def is_ignored(self) -> bool:
        """Return True if the fault is a write that is answered as usual and changes nothing."""
        return self.words == "ignored"

    def fits(self, method: str, path: str) -> bool:
        """Return True if the fault makes sense for a request."""
        # A connection can be cut in the middle of a body only if the request has one.
        if "cut=" in self.words:
            return method != "GET"
        # Parts of files go to a storage whose answer has the checksum of the bytes: it cannot ignore them.
        return not self.is_ignored or (method != "GET" and path.startswith("/v1/"))

    def spec(self, method: str, path: str, after: int) -> str:
        """Return the fault for one request, as the sandbox reads it. `after` equal requests are answered before it."""
        times = "1" if self.often == ONCE else "always"
        return f"{method} {path} {self.words} after={after} times={times}"

    def __str__(self) -> str:
        return f"{self.words}, {self.often}"


STATUSES = (
    *(f"status={status}" for status in (*REFUSALS, 408, 429)),
    "status=429 retry-after=1",
    "status=429 retry-after=600",
    "status=500",
    "html status=502",
    "status=503",
    "status=503 retry-after=1",
    "status=504",
)
WIRE = (
    *("reset", "cut=20", "lost", "mute", "hang", "truncate", "short", "damage"),
    *("html", "garbage-json", "empty", "slow=0.3", "slow=60", "delay=0.3", "ignored"),
)
EVERY = tuple(Kind(words, often) for words in (*STATUSES, *WIRE) for often in (ONCE, ALWAYS))
NOW_AND_THEN = tuple(
    Kind(f"{words} flaky={share}", ALWAYS)
    for words in ("status=404", "status=429", "status=503", "reset", "lost", "truncate")
    for share in (0.3, 0.5, 0.7)
)
"""Faults of all requests of a step at once. The sandbox rolls the same dice in each run."""
NOT_APPLIED, APPLIED = Kind("hang", ONCE), Kind("mute", ONCE)
"""A signal ends the step at one of these: the sandbox has read the request, and has not applied it, or has."""
