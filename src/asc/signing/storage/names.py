"""Which names of files are taken from a storage, and put into one.

A storage is written by others too, so its names are input: one that leaves the root, means something to a shell or to
git, or differs from another in case alone is left out when reading and refused when writing. What may be stored
otherwise is wide: blanks, umlauts and the `*` of a wildcard profile are fine.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from asc.signing.storage.model import Changes, Files, StorageError
from asc.words import printable_name

log = logging.getLogger(__name__)

LONGEST_PATH = 512
LONGEST_PART = 255
"""Bytes, as most file systems have it."""
MOST_FILES = 5_000
LARGEST_FILE = 5 * 1024 * 1024
LARGEST_TREE = 100 * 1024 * 1024
"""Bytes. Profiles with hundreds of devices have 100 KB; a storage beyond these limits is not one of ours."""


def problem(path: str) -> str | None:
    """Says why `path` is not taken; None where it is fine."""
    try:
        length = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in path):
        return "it has control characters"
    if not path or length > LONGEST_PATH:
        return "it is empty or too long"
    if path.startswith("/") or path[1:2] == ":":
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    return next(filter(None, map(_problem_of_part, path.split("/"))), None)


def _problem_of_part(part: str) -> str | None:
    if part in {"", ".", ".."}:
        return "it leaves its folder"
    if len(part.encode("utf-8")) > LONGEST_PART:
        return "a part of it is too long"
    if part.startswith("-"):
        return "a part of it begins with a dash"
    # Other file systems see .git in these, too: with blanks or dots behind, as a short name, as a stream.
    bare = part.casefold().split(":")[0].rstrip(" .")
    return "it speaks of git's own files" if bare in {".git", "git~1"} else None


def accepted(paths: Iterable[str], label: str) -> list[str]:
    """Those of `paths` that are taken, in order; a warning names each of the others."""
    taken: dict[str, str] = {}
    for path in sorted(paths):
        folded = unicodedata.normalize("NFC", path).casefold()
        reason = problem(path)
        if reason is None and folded in taken:
            reason = f"it differs from “{printable_name(taken[folded])}” in case alone"
        if reason is None:
            taken[folded] = path
        else:
            log.warning("%s: “%s” is left out, for %s.", label, printable_name(path), reason)
    return list(taken.values())


def check_sizes(sizes: Mapping[str, int], label: str) -> None:
    """Raises StorageError where there are more files, or more bytes, than a storage of signing assets has."""
    if len(sizes) > MOST_FILES or sum(sizes.values()) > LARGEST_TREE:
        raise StorageError(
            "storage",
            f"{label} has {len(sizes)} files with {sum(sizes.values()) // 1024} KiB, which is more than is read.",
            f"Keep signing assets in a place of their own: at most {MOST_FILES} files and {LARGEST_TREE >> 20} MiB.",
        )
    for path, size in sizes.items():
        if size > LARGEST_FILE:
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” in {label} has {size} bytes, which is more than is read.",
                f"Remove it: signing assets are far smaller than {LARGEST_FILE >> 20} MiB.",
            )


def planned(change: Callable[[Files], Changes], files: Files, label: str) -> Changes:
    """What `change` asks for beyond what is stored already; raises StorageError where a name is not allowed."""
    changes = change(files).needed(files)
    held = {
        unicodedata.normalize("NFC", path).casefold(): path for path in files if path not in changes.delete
    }
    for path, data in changes.put.items():
        folded = unicodedata.normalize("NFC", path).casefold()
        reason = problem(path)
        if reason is None and held.setdefault(folded, path) != path:
            reason = f"it differs from “{printable_name(held[folded])}” in case alone"
        if reason is None and len(data) > LARGEST_FILE:
            reason = f"it has {len(data)} bytes"
        if reason is None and path.startswith("asc-"):
            reason = "that name is kept for the storage itself"
        if reason is None and path in changes.delete:
            reason = "it is to be removed at the same time"
        if reason:
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” cannot be stored in {label}, for {reason}.",
                "Nothing was stored. Rename what it is made from, for example the bundle id.",
            )
    return changes
