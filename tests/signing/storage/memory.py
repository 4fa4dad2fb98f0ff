"""A store of objects in memory, that can be killed before or after any of its calls, and replace in one step or two."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from threading import RLock

from asc.signing.storage.journal import Conflict, ListedObject, ObjectMissing


class Killed(BaseException):
    """The process is gone."""


class Memory:
    """`before` is called with the number and name of each call that writes, and may raise."""

    label = "memory"
    shared = ()

    def __init__(self, *, two_steps: bool = False) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.two_steps = two_steps
        self.before: Callable[[str, str], None] = lambda call, name: None
        self._numbers = itertools.count(1)
        self._lock = RLock()

    def contents(self) -> dict[str, bytes]:
        return {name: data for name, (data, _) in self.objects.items()}

    def write(self, name: str, data: bytes) -> str:
        with self._lock:
            version = f"v{next(self._numbers)}"
            self.objects[name] = (data, version)
            return version

    def list_objects(self) -> Mapping[str, ListedObject]:
        with self._lock:
            return {name: ListedObject(version, len(data)) for name, (data, version) in self.objects.items()}

    def keys_outside(self) -> list[str]:
        return []

    def get(self, name: str, version: str) -> tuple[bytes, str]:
        with self._lock:
            if name not in self.objects:
                raise ObjectMissing
            return self.objects[name]

    def create(self, name: str, data: bytes) -> str:
        self.before("create", name)
        with self._lock:
            if name in self.objects:
                raise Conflict
            return self.write(name, data)

    def replace(self, name: str, data: bytes, version: str) -> str:
        self.before("replace", name)
        with self._lock:
            if name not in self.objects or self.objects[name][1] != version:
                raise Conflict
            if self.two_steps:
                del self.objects[name]
        if self.two_steps:
            return self.create(name, data)
        return self.write(name, data)

    def delete(self, name: str, version: str) -> None:
        self.before("delete", name)
        with self._lock:
            if name in self.objects and self.objects[name][1] != version:
                raise Conflict
            self.objects.pop(name, None)
