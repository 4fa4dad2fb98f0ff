"""The fault matrix: every action × every request it makes × every fault of the sandbox, and a kill at each request.

`make reliability` runs it and writes docs/reliability.md. It uses the worlds and storages of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT / "tests", ROOT / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
