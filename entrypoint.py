"""Run a command from a checkout: `python entrypoint.py --help` lists the commands."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from app_store_connect_actions import console  # noqa: E402 (the line above makes it importable)

if __name__ == "__main__":
    console()
