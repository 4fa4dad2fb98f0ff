"""Recognise match's files by their names, to suggest other places if a storage is empty."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_OF_MATCH = re.compile(
    r"(?:(?P<folder>.+)/)?(?:certs/[^/]+/[^/]+\.(?:cer|p12)|profiles/[^/]+/[^/]+\.(?:mobileprovision|provisionprofile))"
)
MOST_BRANCHES = 20
"""Other branches or folders to search for match's files."""
MOST_KEYS = 10_000
"""Objects of a bucket to search for match's files."""


@dataclass(frozen=True)
class Nearby:
    """Descriptions of places that hold match's files, and a remedy that names the input to correct.

    `on_purpose` is True if the user asked to begin this storage, whatever lies beside it.
    """

    places: tuple[str, ...] = ()
    remedy: str = ""
    on_purpose: bool = False


def folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted folders that contain a tree of match; "" stands for the root."""
    found = {match["folder"] or "" for path in paths if (match := _OF_MATCH.fullmatch(path))}
    return tuple(sorted(folder for folder in found if folder != "pending"))
