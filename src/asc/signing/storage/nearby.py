"""Where a storage's files may be instead: places beside the one that was looked at, told by the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_OF_MATCH = re.compile(
    r"(?:(?P<folder>.+)/)?(?:certs/[^/]+/[^/]+\.(?:cer|p12)|profiles/[^/]+/[^/]+\.(?:mobileprovision|provisionprofile))"
)
MOST_BRANCHES = 20
"""Branches that are looked into."""
MOST_KEYS = 10_000
"""Objects of a bucket that are looked at."""


@dataclass(frozen=True)
class Nearby:
    """Places that hold match's files, in words, and the imperative that names the input to correct.

    `on_purpose`: the user said that this place is to be begun, whatever lies beside it.
    """

    places: tuple[str, ...] = ()
    remedy: str = ""
    on_purpose: bool = False


def folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that a tree of match's lies in, "" for the root, in order."""
    found = {match["folder"] or "" for path in paths if (match := _OF_MATCH.fullmatch(path))}
    return tuple(sorted(folder for folder in found if folder != "pending"))
