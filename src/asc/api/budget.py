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

    def wait(self) -> float:
        """Seconds to wait before the next request: none while there is plenty, then the longer the less is left."""
        reserve = self.limit * RESERVE
        if self.left >= reserve:
            return 0.0
        sustainable = HOUR / self.limit
        return min(sustainable * reserve / max(self.left, 1), LONGEST_WAIT)
