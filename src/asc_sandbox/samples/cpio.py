"""Write cpio archives in the portable format ("odc"), which the payload of a package has."""

from __future__ import annotations

from collections.abc import Mapping

_FOLDER, _FILE = 0o040755, 0o100644


def make_cpio(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of these files with their folders."""
    folders = sorted(
        {"/".join(path.split("/")[:end]) for path in files for end in range(1, path.count("/") + 1)}
    )
    entries = [(path, _FOLDER, b"") for path in (".", *(f"./{folder}" for folder in folders))]
    entries += [(f"./{path}", _FILE, data) for path, data in files.items()]
    body = b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))
    return body + _entry(0, "TRAILER!!!", 0, b"")


def _entry(number: int, path: str, mode: int, data: bytes) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if mode == _FOLDER else 1
    header = f"070707{0:06o}{number:06o}{mode:06o}{0:06o}{0:06o}{links:06o}{0:06o}{0:011o}"
    header += f"{len(name):06o}{len(data):011o}"
    return header.encode() + name + data
