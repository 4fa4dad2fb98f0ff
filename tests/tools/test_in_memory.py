"""tools/in-memory: the folder is gone when the command has ended, whatever became of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.scratch import REPOSITORY

PROGRAM = REPOSITORY / "tools/in-memory"


@pytest.mark.parametrize(("end", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 128 + 15)])
def test_the_command_ends_with_its_code_and_its_folder_is_gone(tmp_path: Path, end: str, code: int) -> None:
    given = {**os.environ, "TMPDIR": str(tmp_path)}
    script = f'echo "$TMPDIR"; touch "$TMPDIR/file"; {end}'
    done = subprocess.run([PROGRAM, "sh", "-c", script], env=given, capture_output=True, text=True)
    folder = Path(done.stdout.strip())
    assert done.returncode == code, done.stderr
    # Where there is no room in memory the folder is the one that was given, and stays.
    assert folder.exists() == (folder == tmp_path)
