"""The manifest beside downloaded pictures: it maps each file to its picture at Apple.

Apple encodes pictures anew, so that a downloaded one never has the checksum of the bytes that were uploaded. A file
that still is as the manifest says counts as the picture at Apple, and is not uploaded.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

log = logging.getLogger(__name__)

NAME = ".asc-media.json"
LARGEST = 16 * 1024 * 1024
"""Bytes: an entry has about 300, and 50 locales have some thousands of them."""


@dataclass(frozen=True)
class Entry:
    """One file and its picture at Apple.

    md5: of the file, in hex. checksum: Apple's, of the bytes that were uploaded, "" if Apple gives none. place: in its
    set, from 1. downloaded: False for a file of the user that has the bytes which Apple got.
    """

    md5: str
    id: str
    checksum: str
    display: str
    place: int
    platform: str
    downloaded: bool


Entries = Mapping[str, Entry]
"""Entries by the path of the file in the folder, with slashes."""


def read_manifest(folder: Path) -> dict[str, Entry]:
    """Return the entries of a folder; none if it has no manifest. A damaged one is passed over with a warning."""
    path = folder / NAME
    try:
        # A link could lead to a file without an end, and a pull request can bring one.
        if path.is_symlink() or (path.exists() and path.stat().st_size > LARGEST):
            raise ValueError
        members = json.loads(path.read_bytes())["files"]
        return {
            name: Entry(**member)
            for name, member in members.items()
            if _is_inside(name) and _is_entry(member)
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        log.warning("%s is passed over: it is not a manifest of download-app-store.", path)
        return {}


def manifest(entries: Entries) -> bytes:
    """Return the content of a manifest: the same bytes for the same entries."""
    # Sorted: git shows a change only if there is one.
    files = {name: asdict(entries[name]) for name in sorted(entries)}
    return (json.dumps({"files": files}, indent=1, ensure_ascii=False) + "\n").encode()


def _is_inside(name: str) -> bool:
    # A pull request can change the manifest, and files that it names are read and deleted.
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        # Half a character: no file system has such a name.
        return False
    parts = PurePosixPath(name).parts
    return (
        len(parts) in (2, 3)
        and ".." not in parts
        and not name.startswith("/")
        and not set(name) & {"\\", "\0"}
    )


def _is_entry(member: Any) -> bool:
    # The fields of Entry are the form: after a new one, older entries are passed over and not misread.
    types = {
        name: {"str": str, "int": int, "bool": bool}[kind] for name, kind in Entry.__annotations__.items()
    }
    return (
        isinstance(member, dict)
        and member.keys() == types.keys()
        and all(isinstance(member[name], kind) for name, kind in types.items())
    )
