"""Run codemagic-cli-tools, the peer, from PyPI in its own environment."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.measure import ROOT, Command

CODEMAGIC = "codemagic-cli-tools==0.70.0"
_VENV = ROOT / ".cache" / "bench" / CODEMAGIC


def codemagic(*arguments: str) -> Command:
    """Return the command for its app-store-connect against the sandbox."""
    install()
    return (_VENV / "bin" / "python", "-I", ROOT / "bench" / "codemagic.py", *arguments)


def one_after_the_other(commands: Iterable[Command]) -> Command:
    """Return several commands as one, for a peer that does one thing at a time."""
    return ("sh", "-ec", "\n".join(shlex.join(map(str, command)) for command in commands))


def install() -> None:
    """Install the peer, unless an earlier run has done it."""
    done = _VENV / ".done"
    if done.exists():
        return
    uv = Path(sys.executable).with_name("uv")
    # uv clears no folder that is half an environment, as an interrupted run leaves it.
    shutil.rmtree(_VENV, ignore_errors=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, _VENV], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", _VENV, CODEMAGIC], check=True)
    done.touch()
