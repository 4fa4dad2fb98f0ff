"""Carries out the change that a journal holds, object by object. Doing so twice, or by two at once, does no harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from asc.signing.storage.journal import Journal
from asc.signing.storage.objects import Missing, Objects, Taken
from asc.signing.storage.snapshot import SIDE_BY_SIDE


def carry_out(objects: Objects, entry: Journal) -> list[str]:
    """Writes, then removes; returns the paths that someone without a journal changed meanwhile, which stay so."""
    put = entry.changes.put
    gone = sorted(entry.changes.delete)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        written = list(pool.map(lambda path: _put(objects, path, put[path], entry.bases.get(path, "")), put))
        removed = list(pool.map(lambda path: _delete(objects, path, entry.bases.get(path, "")), gone))
    return [path for path, done in zip([*put, *gone], written + removed, strict=True) if not done]


def _put(objects: Objects, path: str, data: bytes, base: str) -> bool:
    for version in (base, ""):
        try:
            if version:
                objects.replace(path, data, version)
            else:
                objects.create(path, data)
            return True
        except Taken:
            held = _held(objects, path)
            if held is not None:
                return held == data
        # Gone: removed by others, or by someone who replaces it in two steps and was killed in between.
    return False


def _held(objects: Objects, path: str) -> bytes | None:
    try:
        return objects.get(path, "")[0]
    except Missing:
        return None


def _delete(objects: Objects, path: str, base: str) -> bool:
    try:
        objects.delete(path, base)
    except Taken:
        return False
    return True
