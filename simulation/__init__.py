"""A busy organisation: many jobs of one team at once, with one key, against one sandbox whose clock runs fast.

Each job is a real process that runs a command as a step does, with the defaults that users get, on the sandbox's
clock. At a speed of 10 an hour takes six minutes, and 300 ms of work count as 3 s. The stand-in for GitHub is the one
of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
