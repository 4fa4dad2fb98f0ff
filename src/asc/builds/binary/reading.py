"""Read a binary. The content decides of which kind the file is, not its name."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from asc.builds.binary import ipa, pkg
from asc.builds.binary.errors import BinaryError
from asc.builds.binary.model import Binary
from asc.builds.binary.wrong_file_hints import looks_like, remedy_for_folder

ZIP_BEGINS, XAR_BEGINS = b"PK", b"xar!"


def read_binary(path: Path) -> Binary:
    """Return the binary in an .ipa or a .pkg of any size. Nothing is unpacked, and little is kept in memory.

    The profiles of a .pkg stay unknown, and signatures are not verified. Raises BinaryError, which names the kind of
    file it is instead.
    """
    size = _size(path)
    try:
        with path.open("rb") as file:
            return _read(path, file, size)
    except OSError as error:
        raise BinaryError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its permissions and the disk."
        ) from None


def _size(path: Path) -> int:
    """Return the size in bytes of a regular file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise BinaryError(
            f"{path} does not exist.",
            "Check the path, and that the step that builds or downloads the app ran before, in this job.",
        ) from None
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        raise BinaryError(
            f"{path!s} cannot be read: {error}.", "Check the path and its permissions."
        ) from None
    if stat.S_ISDIR(status.st_mode):
        raise BinaryError(f"{path} is a folder, not an .ipa or .pkg file.", remedy_for_folder(path))
    if not stat.S_ISREG(status.st_mode):
        raise BinaryError(f"{path} is not an ordinary file.", "Give the path of an .ipa or .pkg file.")
    if not status.st_size:
        raise BinaryError(
            f"{path} is empty.", "Look at the step that writes it: it failed, or the disk was full."
        )
    return status.st_size


def _read(path: Path, file: BinaryIO, size: int) -> Binary:
    head = file.read(1024)
    # An artifact may be called App.ipa and be anything, so that the first bytes decide.
    if head.startswith(XAR_BEGINS):
        return pkg.read_pkg(path, file, size)
    if head.startswith(ZIP_BEGINS):
        return ipa.read_ipa(path, file, size)
    what, remedy = looks_like(head, file, size)
    raise BinaryError(f"{path} is neither an .ipa nor a .pkg: it looks like {what}.", remedy)
