"""The faults that each request is given, in the sandbox's language."""

from __future__ import annotations

from dataclasses import dataclass

REFUSALS = (400, 401, 403, 404, 409, 422)
"""App Store Connect says no: a step that fails then may end with 1 as well as with 3."""
ONCE, ALWAYS = "once", "always"


@dataclass(frozen=True)
class Kind:
    """One way to go wrong. `words` are the sandbox's."""

    words: str
    often: str

    @property
    def is_refusal(self) -> bool:
        """Whether it is an answer that says no."""
        return any(f"status={status}" in self.words for status in REFUSALS)

    def spec(self, method: str, path: str, after: int) -> str:
        """It, for that request after so many of its like."""
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
    *("html", "garbage-json", "empty", "slow=0.3", "slow=60", "delay=0.3"),
)
EVERY = tuple(Kind(words, often) for words in (*STATUSES, *WIRE) for often in (ONCE, ALWAYS))
NOW_AND_THEN = tuple(
    Kind(f"{words} flaky={share}", ALWAYS)
    for words in ("status=404", "status=429", "status=503", "reset", "lost", "truncate")
    for share in (0.3, 0.5, 0.7)
)
"""For all requests of a step at once, with dice that fall the same way each time."""
NOT_APPLIED, APPLIED = Kind("hang", ONCE), Kind("mute", ONCE)
"""Where a step is ended: its request has arrived, and is not played, or has been."""
