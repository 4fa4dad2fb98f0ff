"""A stand-in for `npx @sentry/cli debug-files upload`: reads the archives in a folder and keeps their names."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

COMMAND = ["--yes", "@sentry/cli", "debug-files", "upload", "--org", "example", "--project", "app"]


def main(arguments: list[str]) -> None:
    """Refuses other arguments, a missing token, and what holds no symbols."""
    *command, folder = arguments
    assert command == COMMAND, command
    assert os.environ["SENTRY_AUTH_TOKEN"], "no token"
    archives = sorted(Path(folder).glob("*.zip"))
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            assert any("/DWARF/" in name for name in archive.namelist()), path
    Path(os.environ["HOME"], "uploaded.txt").write_text("\n".join(path.name for path in archives))
    print(f"> Uploaded {len(archives)} archives")


if __name__ == "__main__":
    main(sys.argv[1:])
