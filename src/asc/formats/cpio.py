"""cpio archives of the portable kind ("odc"). The payload of an installer package is one, packed with gzip.

The format is in https://pubs.opengroup.org/onlinepubs/7908799/xcu/pax.html: a header of octal digits, the name, the
contents, member after member. It has no list of files, so the reader passes over all members before the wanted one.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

MAGIC = b"070707"
HEADER = 76
LONGEST_NAME = 4096
MOST_BYTES = 1 << 30
"""Unpacked bytes that the reader passes over (some seconds). Most Mac apps are smaller."""
_BLOCK = 1 << 20


class CpioError(ValueError):
    """The bytes are not such an archive, or it is broken or too long."""


def find(packed: BinaryIO, is_wanted: Callable[[str], bool], limit: int) -> bytes | None:
    """Return the first member that is wanted by its name (as it stands there: `./Example.app/…`), or None.

    `limit` is in bytes. Raises CpioError.
    """
    try:
        with cast("BinaryIO", gzip.GzipFile(fileobj=packed, mode="rb")) as stream:
            return _find(stream, is_wanted, limit)
    except (OSError, EOFError, zlib.error) as error:
        raise CpioError(f"it is not a readable gzip archive ({type(error).__name__})") from None


def _find(stream: BinaryIO, is_wanted: Callable[[str], bool], limit: int) -> bytes | None:
    passed = 0
    while passed < MOST_BYTES:
        header = stream.read(HEADER)
        if not re.fullmatch(MAGIC + rb"[0-7]{70}", header):
            raise CpioError("it is not a cpio archive of the portable kind")
        # Positions of c_namesize and c_filesize in the header of octal digits.
        name_size, size = int(header[59:65], 8), int(header[65:76], 8)
        if not 0 < name_size <= LONGEST_NAME:
            raise CpioError("a name in it has no sensible length")
        name = stream.read(name_size)[:-1].decode(errors="replace")
        if name == "TRAILER!!!":
            return None
        if is_wanted(name):
            if size > limit:
                raise CpioError(f"the file is {size:,} bytes long; at most {limit:,} are read")
            return stream.read(size)
        # Without a limit, a payload that unpacks to terabytes would hold the step for days.
        passed += HEADER + name_size + size
        if passed < MOST_BYTES:
            _skip(stream, size)
    raise CpioError(f"it is not among the first {MOST_BYTES >> 20:,} MiB of the payload")


def _skip(stream: BinaryIO, size: int) -> None:
    while size:
        block = stream.read(min(size, _BLOCK))
        if not block:
            raise CpioError("it is cut off")
        size -= len(block)
