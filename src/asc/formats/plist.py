"""Property lists, binary and XML, read with limits.

plistlib trusts its input: a binary list of 1 MB can make it build gigabytes, because objects may overlap. So binary
lists are checked first, and all of its exceptions become one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

MAGIC = b"bplist00"
TRAILER = 32
LIMIT = 2 << 20
"""Bytes. The longest real lists, profiles with all their certificates, are far shorter."""

LONGEST_INTEGER = 128
"""Bits. A binary list has no longer integers; XML can write them in hexadecimal."""
MOST = 200_000
"""Objects of a binary list."""

_INTEGER, _TEXT_ASCII, _TEXT_UTF16, _ARRAY, _SET, _DICTIONARY = 0x1, 0x5, 0x6, 0xA, 0xC, 0xD
_BYTES_EACH = {0x4: 1, _TEXT_ASCII: 1, _TEXT_UTF16: 2}


class PlistError(ValueError):
    """The bytes are not a property list, or it is too long."""


def read_plist(data: bytes, limit: int = LIMIT) -> dict[str, Any]:
    """Return the dictionary of a binary or XML property list. `limit` is in bytes. Raises PlistError."""
    import plistlib

    if len(data) > limit:
        raise PlistError(f"it is {len(data):,} bytes long, more than the {limit:,} that are read")
    # XML cannot share parts, so it cannot grow like this.
    is_binary = data.startswith(MAGIC)
    if is_binary:
        _check_objects(data)
    try:
        value = plistlib.loads(data)
    except Exception as error:  # noqa: BLE001 - plistlib passes on whatever breaks in it, RecursionError included
        raise PlistError(f"it is not a property list ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise PlistError(f"it is a property list, but holds a {type(value).__name__}, not a dictionary")
    if not is_binary:
        _check_integers(value)
    return value


def _check_integers(root: object) -> None:
    """Raise PlistError for an integer that is longer than any in a binary list."""
    # Python refuses to print integers of thousands of digits, so one of them would break the text of an error.
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
            raise PlistError(f"an integer in it has more than {LONGEST_INTEGER} bits")
        if isinstance(value, dict | list):
            pending.extend(value.values() if isinstance(value, dict) else value)


def _check_objects(data: bytes) -> None:
    """Raise PlistError if objects overlap or a key is not a text.

    The format is described in CoreFoundation's source, CFBinaryPList.c.
    """
    if len(data) < len(MAGIC) + TRAILER:
        raise PlistError("it is a property list that is cut off")
    trailer = data[-TRAILER:]
    offset_size, reference_size = trailer[6], trailer[7]
    count, _, table = (int.from_bytes(trailer[at : at + 8], "big") for at in (8, 16, 24))
    if count > MOST:
        raise PlistError(f"it claims {count:,} objects; at most {MOST:,} are read")
    end = len(data) - TRAILER
    if not (0 < offset_size <= 8 and 0 < reference_size <= 8 and table + count * offset_size <= end):
        raise PlistError("its table of objects lies outside")
    offsets = [
        int.from_bytes(data[at : at + offset_size], "big")
        for at in range(table, table + count * offset_size, offset_size)
    ]
    extents = sorted(_extent(data, offset, table, reference_size) for offset in offsets)
    # If each object has bytes of its own, the result is in proportion to the input.
    if any(extent[1] > following[0] for extent, following in pairwise(extents)):
        raise PlistError("its objects overlap")
    for key in _keys(data, extents, reference_size):
        if key >= count or data[offsets[key]] >> 4 not in (_TEXT_ASCII, _TEXT_UTF16):
            raise PlistError("a key of it is not a text")


def _extent(data: bytes, offset: int, end: int, reference_size: int) -> tuple[int, int, int, int]:
    """Return the beginning, the end, the number of members and the position of the members of an object."""
    if not len(MAGIC) <= offset < end:
        raise PlistError("an object of it lies outside")
    kind, low = data[offset] >> 4, data[offset] & 0xF
    count, body = low, offset + 1
    if kind in _BYTES_EACH or kind in (_ARRAY, _SET, _DICTIONARY):
        if low == 0xF:
            count, body = _long_count(data, body)
        width = _BYTES_EACH.get(kind) or reference_size * (2 if kind == _DICTIONARY else 1)
        length = count * width
    elif kind in (_INTEGER, 0x2):
        length = 1 << low
    else:
        # Null, booleans, dates, uids.
        length = {0x3: 8, 0x8: low + 1}.get(kind, 0)
    if body + length > end:
        raise PlistError("an object of it claims more bytes than there are")
    return offset, body + length, count if kind == _DICTIONARY else 0, body


def _long_count(data: bytes, at: int) -> tuple[int, int]:
    """Return a count of 15 or more, which is stored as an integer after the marker."""
    size = 1 << (data[at] & 0x3)
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _keys(data: bytes, extents: list[tuple[int, int, int, int]], reference_size: int) -> Iterator[int]:
    for _, _, count, body in extents:
        for at in range(body, body + count * reference_size, reference_size):
            yield int.from_bytes(data[at : at + reference_size], "big")
