"""Run a command from a checkout: `python entrypoint.py --help` lists the commands."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from app_store_connect_actions import console

if __name__ == "__main__":
    console()
