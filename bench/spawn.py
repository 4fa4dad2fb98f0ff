"""Run one command and print its cost as JSON: seconds, processor seconds, peak memory in bytes, exit code.

    python -I -S spawn.py FILE-FOR-ITS-OUTPUT COMMAND…

The system counts the memory of the parent towards the peak of a new process. So this small program starts the
measured command instead of the benchmark, which is larger.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss."""

with Path(sys.argv[1]).open("wb") as said:
    started = time.perf_counter()
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
cost = {
    "seconds": seconds,
    "cpu": usage.ru_utime + usage.ru_stime,
    "peak": usage.ru_maxrss * RSS_UNIT,
    "code": os.waitstatus_to_exitcode(status),
}
print(json.dumps(cost))
