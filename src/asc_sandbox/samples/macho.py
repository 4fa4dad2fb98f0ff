"""Make an executable that is small and whole: 64-bit ARM, one function that returns 0.

The structures are those of <mach-o/loader.h>.
"""

from __future__ import annotations

import struct
import uuid

PAGE = 0x4000
BASE = 0x1_0000_0000
PLATFORMS = {"MAC_OS": 1, "IOS": 2, "TV_OS": 3, "VISION_OS": 11}
# mov w0, #0; ret
_CODE = struct.pack("<II", 0x52800000, 0xD65F03C0)
_SEGMENT = 0x19
_SYMTAB = 0x2
_DYSYMTAB = 0xB
_LOAD_DYLIB = 0xC
_LOAD_DYLINKER = 0xE
_UUID = 0x1B
_BUILD_VERSION = 0x32
_MAIN = 0x8000_0028


def make_executable(identity: uuid.UUID, platform: str = "IOS", minimum_os: str = "16.0") -> bytes:
    """Return a Mach-O executable for arm64 with this UUID, which matches it with its dSYM."""
    code_at = PAGE - len(_CODE)
    commands = [
        _segment("__PAGEZERO", 0, BASE, 0, 0, 0),
        _segment("__TEXT", BASE, PAGE, 0, PAGE, 5, _section("__text", BASE + code_at, len(_CODE), code_at)),
        _segment("__LINKEDIT", BASE + PAGE, PAGE, PAGE, 8, 1),
        struct.pack("<6I", _SYMTAB, 24, PAGE, 0, PAGE, 8),
        struct.pack("<20I", _DYSYMTAB, 80, *[0] * 18),
        _with_text(_LOAD_DYLINKER, struct.pack("<I", 12), "/usr/lib/dyld"),
        struct.pack("<2I16s", _UUID, 24, identity.bytes),
        struct.pack(
            "<6I", _BUILD_VERSION, 24, PLATFORMS[platform], _version(minimum_os), _version("18.0"), 0
        ),
        struct.pack("<2I2Q", _MAIN, 24, code_at, 0),
        _with_text(_LOAD_DYLIB, struct.pack("<4I", 24, 2, 0x10000, 0x10000), "/usr/lib/libSystem.B.dylib"),
    ]
    body = b"".join(commands)
    # MH_MAGIC_64, arm64, MH_EXECUTE; the flags are NOUNDEFS, DYLDLINK, TWOLEVEL and PIE.
    header = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, len(commands), len(body), 0x00200085, 0)
    return (header + body).ljust(code_at, b"\0") + _CODE + bytes(8)


def _segment(name: str, at: int, size: int, offset: int, length: int, rights: int, *sections: bytes) -> bytes:
    body = b"".join(sections)
    return (
        struct.pack(
            "<2I16s4Q4I",
            _SEGMENT,
            72 + len(body),
            name.encode(),
            at,
            size,
            offset,
            length,
            rights,
            rights,
            len(sections),
            0,
        )
        + body
    )


def _section(name: str, at: int, size: int, offset: int) -> bytes:
    return struct.pack(
        "<16s16s2Q8I", name.encode(), b"__TEXT", at, size, offset, 2, 0, 0, 0x80000400, 0, 0, 0
    )


def _with_text(command: int, fields: bytes, text: str) -> bytes:
    body = fields + text.encode() + b"\0"
    size = 8 + -(-len(body) // 8) * 8
    return struct.pack("<2I", command, size) + body.ljust(size - 8, b"\0")


def _version(text: str) -> int:
    major, _, minor = text.partition(".")
    return int(major) << 16 | int(minor or 0) << 8
