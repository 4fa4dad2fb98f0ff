"""Folders of programs to stand in for PATH."""

import shutil
from pathlib import Path

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


def add_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)
