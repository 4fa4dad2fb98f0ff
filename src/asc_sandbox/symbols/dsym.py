"""Make companion files of dSYM bundles: small, whole, and with the UUID of their program.

The structures are those of <mach-o/loader.h> and <mach-o/fat.h>; the debug information is one empty compile unit.
"""

from __future__ import annotations

import plistlib
import struct
import uuid
from collections.abc import Iterable, Mapping

_CPUS = {
    "arm64": (0x0100000C, 0),
    "arm64e": (0x0100000C, 2),
    "arm64_32": (0x0200000C, 1),
    "armv7k": (12, 12),
    "x86_64": (0x01000007, 3),
}
_DSYM, _SEGMENT, _SYMTAB, _UUID = 0xA, 0x19, 2, 0x1B
_IS_64 = 0x01000000
_ALIGNMENT = 14
"""Exponent of two of the alignment of slices in a fat file."""

# One abbreviation: DW_TAG_compile_unit, without children, with DW_AT_name as a string.
_ABBREVIATIONS = bytes((1, 0x11, 0, 0x03, 0x08, 0, 0, 0))
# DWARF version 4, abbreviations at offset 0, addresses of 8 bytes.
_UNIT = struct.pack("<HIBB", 4, 0, 8, 1) + b"main.m\0"
_BASE = 0x1_0000_0000


def make_companion(identities: Mapping[str, uuid.UUID], padding: Iterable[bytes] = ()) -> bytes:
    """Return a companion file with one slice for each architecture.

    `padding` goes into the debug strings of the last slice.
    """
    filler = b"".join(padding)
    last = list(identities)[-1]
    slices = {
        name: _slice(*_CPUS[name], identity, filler if name == last else b"")
        for name, identity in identities.items()
    }
    if len(slices) == 1:
        return slices[last]
    return _fat(slices)


def make_info_plist(bundle_id: str, version: str, build_number: str) -> bytes:
    """Return the Info.plist of a dSYM bundle."""
    return plistlib.dumps(
        {
            "CFBundleDevelopmentRegion": "English",
            # A bundle id from a seed may hold characters that XML cannot.
            "CFBundleIdentifier": f"com.apple.xcode.dsym.{''.join(filter(str.isprintable, bundle_id))}",
            "CFBundleInfoDictionaryVersion": "6.0",
            "CFBundlePackageType": "dSYM",
            "CFBundleSignature": "????",
            "CFBundleShortVersionString": version,
            "CFBundleVersion": build_number,
        }
    )


def _slice(cpu: int, subtype: int, identity: uuid.UUID, filler: bytes) -> bytes:
    commands = [
        struct.pack("<2I16s", _UUID, 24, identity.bytes),
        struct.pack("<6I", _SYMTAB, 24, 0, 0, 0, 0),
    ]
    # A slice for 32 bits needs no debug information: readers look at its UUID only.
    if not cpu & _IS_64:
        body = b"".join(commands)
        return struct.pack("<7I", 0xFEEDFACE, cpu, subtype, _DSYM, len(commands), len(body), 0) + body
    sections = {"__debug_abbrev": _ABBREVIATIONS, "__debug_info": _unit(), "__debug_str": filler or b"\0"}
    header = 32 + sum(map(len, commands)) + 72 + 80 * len(sections)
    at, described = header, b""
    for name, data in sections.items():
        described += struct.pack(
            "<16s16s2Q8I", name.encode(), b"__DWARF", _BASE + at, len(data), at, 0, 0, 0, 0x02000000, 0, 0, 0
        )
        at += len(data)
    segment = struct.pack(
        "<2I16s4Q4I",
        _SEGMENT,
        72 + len(described),
        b"__DWARF",
        _BASE + header,
        at - header,
        header,
        at - header,
        7,
        3,
        len(sections),
        0,
    )
    commands.append(segment + described)
    body = b"".join(commands)
    head = struct.pack("<8I", 0xFEEDFACF, cpu, subtype, _DSYM, len(commands), len(body), 0, 0)
    return head + body + b"".join(sections.values())


def _unit() -> bytes:
    return struct.pack("<I", len(_UNIT) + 1) + _UNIT + b"\0"


def _fat(slices: Mapping[str, bytes]) -> bytes:
    entries, contents, at = b"", b"", 1 << _ALIGNMENT
    for name, data in slices.items():
        cpu, subtype = _CPUS[name]
        entries += struct.pack(">5I", cpu, subtype, at, len(data), _ALIGNMENT)
        padded = (
            data.ljust(-(-len(data) >> _ALIGNMENT) << _ALIGNMENT, b"\0") if name != list(slices)[-1] else data
        )
        contents += padded
        at += len(padded)
    # The headers of fat files are big-endian on every machine.
    return (struct.pack(">2I", 0xCAFEBABE, len(slices)) + entries).ljust(1 << _ALIGNMENT, b"\0") + contents
