"""The hourly budget of requests that all jobs of a key share. App Store Connect reports it with each answer.

https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HOUR = 3600.0
RESERVE = 0.1
"""The share of the budget that is spent slowly, so that it lasts for all jobs of a busy team."""
LONGEST_WAIT = 30.0
PLENTY = 0.5
"""The share of the budget above which no job needs to hold back."""
MOST_PATIENT = 10.0


@dataclass(frozen=True)
class Budget:
    """The requests allowed in a rolling hour (`limit`) and the requests left of them (`left`)."""

    limit: int
    left: int

    @classmethod
    def read(cls, header: str | None) -> Budget | None:
        """Return the budget from an X-Rate-Limit header (`user-hour-lim:3500;user-hour-rem:500;`), or None."""
        found = dict(re.findall(r"user-hour-(lim|rem):(\d{1,9})", header or ""))
        if "lim" not in found or "rem" not in found or int(found["lim"]) == 0:
            return None
        return cls(int(found["lim"]), int(found["rem"]))

    @property
    def scarce(self) -> bool:
        """Return True if only the reserve is left."""
        return self.left < self.limit * RESERVE

    def wait(self, chance: float) -> float:
        """Return the seconds to wait before the next request: 0 unless the budget is scarce, longer with less left.

        Half of the wait depends on `chance` (0 to 1).
        """
        if not self.scarce:
            return 0.0
        sustainable = HOUR / self.limit
        longest = min(sustainable * self.limit * RESERVE / max(self.left, 1), LONGEST_WAIT)
        # Other jobs of the key see the same budget at the same moment: chance spreads them out.
        return longest * (0.5 + 0.5 * chance)

    def patience(self) -> float:
        """Return the factor by which to prolong the pauses between polls, from 1 to MOST_PATIENT."""
        # Most requests are polls, and polls can wait. The budget then lasts for jobs that have work to do.
        return min(max(1.0, self.limit * PLENTY / max(self.left, 1)), MOST_PATIENT)
