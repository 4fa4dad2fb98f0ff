"""Recognize files that people give instead of a binary, with the remedy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

EXPORT = "Export the archive for the App Store (xcodebuild -exportArchive) and give the .ipa or .pkg that comes out."
REBUILD = "Give the .ipa or .pkg that the build makes."
DOWNLOAD = "Look at the step that downloads it: a page or an error came instead of the file."

_FOLDERS = {
    ".app": f"An .app is not uploaded as it is. {EXPORT}",
    ".xcarchive": EXPORT,
    ".dsym": "That is for symbols only. Give the .ipa or .pkg of the same build.",
    ".ipa": "The .ipa was unpacked: give the file itself (zip the Payload folder only where nothing else is left).",
    ".pkg": "That is a package of an old format. Make a product archive with productbuild.",
}
_BEGINNINGS = (
    (b"\x1f\x8b", "gzip (a .tar.gz?)", "Unpack it first, and give the .ipa or .pkg inside."),
    (b"BZh", "bzip2", "Unpack it first, and give the .ipa or .pkg inside."),
    (b"\xfd7zXZ", "xz", "Unpack it first, and give the .ipa or .pkg inside."),
    (b"(\xb5/\xfd", "zstd", "Unpack it first, and give the .ipa or .pkg inside."),
    (b"7z\xbc\xaf", "7-Zip", "Unpack it first, and give the .ipa or .pkg inside."),
    (b"bplist", "a property list", REBUILD),
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        "Check out with Git LFS (actions/checkout: lfs: true).",
    ),
    (b"\xcf\xfa\xed\xfe", "an executable (Mach-O)", EXPORT),
    (b"\xca\xfe\xba\xbe", "an executable (Mach-O)", EXPORT),
    (b"\x30\x82", "a certificate or a profile", REBUILD),
)


def remedy_for_folder(path: Path) -> str:
    """Return the remedy for a folder of this name."""
    return _FOLDERS.get(path.suffix.lower(), "Give the path of the .ipa or .pkg file in it.")


def looks_like(head: bytes, file: BinaryIO, size: int) -> tuple[str, str]:
    """Return the kind of a file that begins with `head`, and the remedy."""
    for beginning, what, remedy in _BEGINNINGS:
        if head.startswith(beginning):
            return what, remedy
    # https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, the magic of a header block.
    if head[257:262] == b"ustar":
        return "a tar archive", "Unpack it first, and give the .ipa or .pkg inside."
    if _is_disk_image(file, size):
        return "a disk image (.dmg)", "TestFlight takes Mac apps as .pkg: make one with productbuild."
    if not head.strip(b"\0"):
        return (
            "nothing but zeros",
            "Look at the step that writes it: the file was reserved, but never filled.",
        )
    return _looks_like_text(head)


def _looks_like_text(head: bytes) -> tuple[str, str]:
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)", DOWNLOAD
    if text.startswith(b"<?xml"):
        return "XML", DOWNLOAD
    if text.startswith((b"{", b"[")):
        return "JSON", DOWNLOAD
    if all(byte >= 0x20 or byte in b"\r\n\t\x1b" for byte in head):
        return "text", DOWNLOAD
    return "something unknown", REBUILD


def _is_disk_image(file: BinaryIO, size: int) -> bool:
    """Return True for a disk image (.dmg), which has its signature in its last 512 bytes."""
    if size < 512:
        return False
    file.seek(-512, os.SEEK_END)
    return file.read(4) == b"koly"
