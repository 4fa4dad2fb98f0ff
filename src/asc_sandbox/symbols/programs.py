"""Read the programs of an uploaded .ipa, as far as symbols are concerned."""

from __future__ import annotations

import plistlib
import posixpath
import re
import struct
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers.expat import ExpatError

_INFO = re.compile(r"Payload/[^/]+\.app/(?:.+\.(?:app|appex)/)?Info\.plist")
# Bytes that are read of a file at most, because an archive may claim any size.
_LARGEST_INFO, _LARGEST_HEAD = 1 << 20, 1 << 16
_MAGIC, _UUID = 0xFEEDFACF, 0x1B


@dataclass(frozen=True)
class Program:
    """A program: `name` with its extension, as `Example.app`. `identities` are its UUIDs by architecture.

    `kind` is APP, APP_CLIP, WATCH_APP, or "" for extensions.
    """

    name: str
    bundle_id: str
    kind: str
    identities: Mapping[str, uuid.UUID]


def read_programs(path: Path) -> tuple[Program, ...]:
    """Return the programs of an .ipa, the app first. Programs that cannot be read are left out."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = sorted((name for name in archive.namelist() if _INFO.fullmatch(name)), key=len)
            return tuple(program for name in infos for program in _program(archive, name))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        return ()


def identity_of(executable: bytes) -> uuid.UUID | None:
    """Return the UUID of a 64-bit Mach-O file, None for anything else."""
    if len(executable) < 32 or struct.unpack_from("<I", executable)[0] != _MAGIC:
        return None
    (count,) = struct.unpack_from("<I", executable, 16)
    at = 32
    # The count comes from the file, so it is not trusted.
    for _ in range(min(count, 1000)):
        if at + 24 > len(executable):
            return None
        command, length = struct.unpack_from("<2I", executable, at)
        if command == _UUID:
            return uuid.UUID(bytes=executable[at + 8 : at + 24])
        # A length of zero must not keep the loop at one place.
        at += max(length, 8)
    return None


def _program(archive: zipfile.ZipFile, info_path: str) -> Iterator[Program]:
    folder = posixpath.dirname(info_path)
    try:
        with archive.open(info_path) as file:
            info = plistlib.loads(file.read(_LARGEST_INFO))
        with archive.open(f"{folder}/{info['CFBundleExecutable']}") as file:
            identity = identity_of(file.read(_LARGEST_HEAD))
        if identity:
            name = posixpath.basename(folder)
            yield Program(name, str(info["CFBundleIdentifier"]), _kind(folder), {"arm64": identity})
    except (plistlib.InvalidFileException, ExpatError, ValueError, KeyError, TypeError):
        return


def _kind(folder: str) -> str:
    if "/AppClips/" in folder:
        return "APP_CLIP"
    if "/Watch/" in folder:
        return "WATCH_APP" if folder.endswith(".app") else ""
    return "APP" if folder.count("/") == 1 else ""
