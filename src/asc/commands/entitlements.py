"""The input `entitlements`: .entitlements files, each with the bundle id that it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from asc.commands import kinds
from asc.errors import Findings, InputError, Problem
from asc.formats.plist import PlistError, read_plist
from asc.limited_files import read_limited

Paths = tuple[tuple[str, str], ...]
"""Pairs of a bundle id ("" if the line names none) and a path."""


def _read_lines(text: str) -> Paths:
    return tuple(_pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for entry in kinds.LIST.parse(text):
        before, separator, after = entry.partition(":")
        identifier, path = (before.strip(), after.strip()) if separator else ("", entry)
        yield identifier, kinds.PATH.parse(path)


KIND = kinds.Kind("list", "one a line: path, or id: path", _read_lines)


def problems(paths: Paths, known: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each line whose bundle id is not in `known`, or that names none of several."""
    for identifier, path in paths:
        if identifier and identifier not in known:
            yield Problem("entitlements", f"{identifier} is not in bundle-ids", "Name it there, too.")
        if not identifier and len(known) > 1:
            yield Problem("entitlements", f"{path} names no bundle id", "Write id: path, one a line.")


def read_files(paths: Paths) -> list[Mapping[str, Any]]:
    """Return the keys of each file, in order. Raises InputError with all files that cannot be read."""
    findings = Findings()
    no_keys: Mapping[str, Any] = {}
    read = [findings.result_of(partial(_read, path), no_keys) for _, path in paths]
    findings.raise_all()
    return read


def _read(path: str) -> Mapping[str, Any]:
    try:
        return read_plist(read_limited(Path(path)))
    except OSError as error:
        reason = f"{path}: {error.strerror}"
    except PlistError as error:
        reason = f"{path}: {error}"
    raise InputError(
        [Problem("entitlements", reason, "Name an .entitlements file, a property list with a dictionary.")]
    )
