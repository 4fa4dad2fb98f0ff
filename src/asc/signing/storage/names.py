"""Check the names and sizes of files in a storage.

Other programs write to a storage too, so its names are input. A name that leaves the root, means something to a shell
or to git, or differs from another in case alone is skipped when reading and refused when writing. Blanks, umlauts and
the `*` of a wildcard profile are allowed.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from asc.signing.storage.model import Changes, Files, StorageError
from asc.words import printable_name

log = logging.getLogger(__name__)

LONGEST_PATH = 512
"""Bytes."""
LONGEST_PART = 255
"""Bytes of one file or folder name: the limit of most file systems."""
MOST_FILES = 5_000
# A profile with hundreds of devices has 100 KB, so a storage of signing assets stays far below these limits.
LARGEST_FILE = 5 * 1024 * 1024
LARGEST_TREE = 100 * 1024 * 1024
"""Bytes of one file, and of all files together."""


def folded(path: str) -> str:
    """Return a path as a Mac compares it: names that differ in case or in the form of an umlaut are one file there."""
    return unicodedata.normalize("NFC", path).casefold()


def problem(path: str) -> str | None:
    """Return the reason to refuse `path`, or None if it is allowed."""
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
    # On Windows a backslash divides folders, so the name could leave the root there.
    if "\\" in path:
        return "it has a backslash"
    return next(filter(None, map(_problem_of_part, path.split("/"))), None)


def _problem_of_part(part: str) -> str | None:
    if part in {"", ".", ".."}:
        return "it leaves its folder"
    if len(part.encode("utf-8")) > LONGEST_PART:
        return "a part of it is too long"
    # Programs read a name with a dash in front as an option.
    if part.startswith("-"):
        return "a part of it begins with a dash"
    # Windows and macOS also find .git with blanks or dots behind it, by its short name, and as a stream.
    bare = part.casefold().split(":")[0].rstrip(" .")
    return "it names git's own files" if bare in {".git", "git~1"} else None


def accepted(paths: Iterable[str], label: str) -> list[str]:
    """Return the allowed paths, sorted; a warning names each of the others."""
    kept: dict[str, str] = {}
    for path in sorted(paths):
        reason = problem(path) or _reason_of_twin(path, kept)
        if reason is None:
            kept[folded(path)] = path
        else:
            log.warning("%s: skipped “%s” because %s.", label, printable_name(path), reason)
    return list(kept.values())


def check_sizes(sizes: Mapping[str, int], label: str) -> None:
    """Check the number of files and their sizes in bytes. Raises StorageError if a limit is exceeded."""
    if len(sizes) > MOST_FILES or sum(sizes.values()) > LARGEST_TREE:
        raise StorageError(
            "storage",
            f"{label} has {len(sizes)} files with {sum(sizes.values()) // 1024} KiB: too much for signing assets.",
            f"Keep signing assets in a storage of their own: at most {MOST_FILES} files and {LARGEST_TREE >> 20} MiB.",
        )
    for path, size in sizes.items():
        if size > LARGEST_FILE:
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” in {label} has {size} bytes: too much for a signing asset.",
                f"Remove it; the limit is {LARGEST_FILE >> 20} MiB.",
            )


def planned(change: Callable[[Files], Changes], files: Files, label: str) -> Changes:
    """Call `change` and return its changes without those that `files` have. Raises StorageError if a name is not
    allowed.
    """
    changes = change(files).needed(files)
    kept = {folded(path): path for path in files if path not in changes.delete}
    for path, data in changes.put.items():
        if reason := _reason_to_refuse(path, data, changes, kept):
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” cannot be stored in {label} because {reason}. Nothing was stored.",
                "Rename the asset that the name comes from, for example the bundle id.",
            )
        # Two names of one change can be twins as well.
        kept[folded(path)] = path
    return changes


def _reason_to_refuse(path: str, data: bytes, changes: Changes, kept: Mapping[str, str]) -> str | None:
    if reason := problem(path) or _reason_of_twin(path, kept):
        return reason
    if len(data) > LARGEST_FILE:
        return f"it has {len(data)} bytes"
    if path.startswith("asc-"):
        return "names that begin with asc- are reserved for the storage itself"
    return "the same change removes it" if path in changes.delete else None


def _reason_of_twin(path: str, kept: Mapping[str, str]) -> str | None:
    """Return the reason against a path if `kept` has another one that is the same file on a Mac; None if not."""
    twin = kept.get(folded(path), path)
    return None if twin == path else f"it differs from “{printable_name(twin)}” in case alone"
