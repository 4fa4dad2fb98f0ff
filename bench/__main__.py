"""Runs the benchmark of each action, or of the one that is named. Exit code 1: a target is missed."""

from __future__ import annotations

import os
import platform
import sys

from bench import fetch, symbols, upload

ACTIONS = {"fetch": fetch.main, "upload": upload.main, "symbols": symbols.main}


def main(only: str) -> int:
    if only and only not in ACTIONS:
        print(f"bench: there is no {only!r}; one of {', '.join(ACTIONS)}, or none for all", file=sys.stderr)
        return 2
    print(f"{describe_machine()}.\n")
    missed = sum(bench() for name, bench in ACTIONS.items() if only in ("", name))
    return 1 if missed else 0


def describe_machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs for both sides, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
