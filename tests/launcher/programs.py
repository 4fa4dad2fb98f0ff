"""Folders of programs to stand in for PATH."""

import os
import shutil
from pathlib import Path

from support.runner import Runner

INSTALLERS = ("pip", "uv")
NEEDED = """
    bash cat cp cut dirname env find grep id mkdir mv readlink rm rmdir sed
    sha256sum sleep sort timeout touch uname
"""


def folder_of_programs(folder: Path, **scripts: str) -> Path:
    """What can be a whole PATH: the tools that bin/run needs, no Python, uv or Docker, and these scripts."""
    folder.mkdir()
    for name in NEEDED.split():
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    for name, script in scripts.items():
        add_program(folder, name, script)
    return folder


def choose_installer(runner: Runner, installer: str) -> None:
    """Leave uv first on PATH, as a scratch checkout has put it there, or take it away for pip."""
    if installer == "pip":
        folders = runner.env["PATH"].split(os.pathsep)
        runner.env["PATH"] = os.pathsep.join(
            folder for folder in folders if not (Path(folder) / "uv").exists()
        )


def add_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)
