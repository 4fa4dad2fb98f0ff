"""What `security` prints, read.

It writes a path in quotation marks. Where the path has bytes outside printable ASCII, or a backslash, it writes all of
it in hexadecimal first, and escapes those bytes as \\ooo inside the marks. A quotation mark in a path is not escaped.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass

_KEYCHAIN = re.compile(rb'\s*(?:0x(?P<hex>(?:[0-9A-F]{2})+)\s*)?(?:"(?P<text>.*)")?\s*')
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_IDENTITY = re.compile(r'\s*\d+\)\s+(?P<sha1>[0-9A-F]{40})\s+"(?P<name>.*)"\s*(?:\((?P<fault>[^()]*)\))?\s*')


@dataclass(frozen=True)
class Shown:
    """A line of find-identity. `fault` is what macOS holds against it (`CSSMERR_TP_NOT_TRUSTED`), mostly empty."""

    sha1: str
    name: str
    fault: str


def keychains(output: bytes) -> list[str]:
    """The paths that list-keychains prints, in order. What is no path is passed over."""
    found = []
    for line in output.split(b"\n"):
        match = _KEYCHAIN.fullmatch(line)
        if match is None or (match["hex"] is None and match["text"] is None):
            continue
        if match["hex"] is not None:
            found.append(os.fsdecode(bytes.fromhex(match["hex"].decode())))
        else:
            text = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]), match["text"])
            found.append(os.fsdecode(text))
    return found


def identities(output: bytes) -> list[Shown]:
    """The lines of find-identity. Without -v an identity that is valid stands there twice."""
    text = output.decode("utf-8", "replace")
    matches = (_IDENTITY.fullmatch(line) for line in text.splitlines())
    return [Shown(match["sha1"], match["name"], match["fault"] or "") for match in matches if match]


def same_path(one: str, other: str) -> bool:
    """Whether two paths of keychains are one: however umlauts are written, and through links."""
    return _plain(one) == _plain(other)


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path))
