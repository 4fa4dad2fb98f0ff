"""The hourly request budget that all jobs of a key share, as App Store Connect tells it with each answer.

https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HOUR = 3600.0
RESERVE = 0.1
"""The part of the budget that is spent slowly, so that the jobs of a busy team share it out to the end."""
LONGEST_WAIT = 30.0
PLENTY = 0.5
"""The part of the budget above which nobody has to hold back."""
MOST_PATIENT = 10.0


@dataclass(frozen=True)
class Budget:
    """Requests per rolling hour (`limit`) and how many of them are left (`left`)."""

    limit: int
    left: int

    @classmethod
    def read(cls, header: str | None) -> Budget | None:
        """Reads an X-Rate-Limit header, `user-hour-lim:3500;user-hour-rem:500;`; None for anything else."""
        found = dict(re.findall(r"user-hour-(lim|rem):(\d{1,9})", header or ""))
        if "lim" not in found or "rem" not in found or int(found["lim"]) == 0:
            return None
        return cls(int(found["lim"]), int(found["rem"]))

    @property
    def scarce(self) -> bool:
        """Whether only the reserve is left."""
        return self.left < self.limit * RESERVE

    def wait(self, chance: float) -> float:
        """Seconds to wait before the next request: none while there is plenty, then the longer the less is left.

        Half of it is left to `chance` (0 to 1), for other jobs were told the same.
        """
        if not self.scarce:
            return 0.0
        sustainable = HOUR / self.limit
        longest = min(sustainable * self.limit * RESERVE / max(self.left, 1), LONGEST_WAIT)
        return longest * (0.5 + 0.5 * chance)

    def patience(self) -> float:
        """How many times longer than usual to wait between looks at what is not done yet.

        Looks are most of what is asked, and can wait: so the budget is left to those who have work to do.
        """
        return min(max(1.0, self.limit * PLENTY / max(self.left, 1)), MOST_PATIENT)
