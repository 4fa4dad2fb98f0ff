"""The readers of foreign formats read or refuse any bytes, quickly and in little memory."""

from __future__ import annotations

import io
import plistlib
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from asc.formats import ber, macho, xar, zipfiles
from asc.formats.ber import BerError
from asc.formats.cms import CmsError, signed_content
from asc.formats.macho import MachOError
from asc.formats.mobileprovision import ProfileError, read_profile
from asc.formats.plist import PlistError, read_plist
from asc.formats.xar import XarError
from asc.formats.xmltree import XmlError, read_xml
from asc.formats.zipfiles import ZipError
from core.symbols import archive, companion
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import PACKED, damaged

VALUES = st.recursive(
    st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    )
    | st.binary()
    | st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)
DICTIONARIES = st.dictionaries(
    st.sampled_from(["Name", "UUID", "Entitlements", "Platform", "ExpirationDate"]), VALUES
)
SAMPLE = {"Name": "x", "List": [1, 2.5, True, b"data", {"a": "ü"}], "Date": datetime(2026, 1, 31)}
BINARY, XML = (plistlib.dumps(SAMPLE, fmt=form) for form in (plistlib.FMT_BINARY, plistlib.FMT_XML))


@given(DICTIONARIES, st.sampled_from([plistlib.FMT_BINARY, plistlib.FMT_XML]))
@examples(16)
def test_a_property_list_comes_back(value: dict[str, Any], form: Any) -> None:
    assert read_plist(plistlib.dumps(value, fmt=form)) == value


@given(damaged([BINARY, XML]) | st.binary(max_size=200).map(b"bplist00".__add__))
@large(b"<plist>" + b"<array>" * 50_000)
@large(b"<plist>" + b"<array/>" * 50_000)
@large(b"<plist><dict>" + b"<key>a</key><dict>" * 50_000)
@large(b"<plist><dict><key>a</key><integer>" + b"9" * 1_000_000 + b"</integer></dict></plist>")
@large(
    b'<!DOCTYPE p [<!ENTITY a "'
    + b"x" * 1000
    + b'">]><plist><string>'
    + b"&a;" * 100_000
    + b"</string></plist>"
)
@examples(60)
def test_a_damaged_property_list_is_read_or_refused(data: bytes) -> None:
    with bounded(PlistError):
        read_plist(data)


@st.composite
def elements(draw: st.DrawFn, depth: int = 6) -> bytes:
    """Draw BER with definite and indefinite lengths, right and wrong ones."""
    tag = draw(st.sampled_from([0x02, 0x04, 0x06, 0x24, 0x30, 0x31, 0xA0, 0x80, 0x1F, 0x00]))
    inside = b"".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth and tag & 0x20 else b""
    content = inside or draw(st.binary(max_size=12) | st.just(bytes.fromhex("2a864886f70d010702")))
    length = draw(st.sampled_from(["right", "right", "indefinite", "long", "wrong"]))
    if length == "indefinite":
        return bytes([tag, 0x80]) + content + b"\0\0"
    if length == "long":
        return bytes([tag, 0x88]) + len(content).to_bytes(8, "big") + content
    return bytes([tag, draw(st.integers(0, 255)) if length == "wrong" else len(content) & 0x7F]) + content


SIGNED = bytes.fromhex(
    "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480"
)
SIGNED += b"\x04\x82" + struct.pack(">H", len(XML)) + XML + bytes(12)


def walk(element: ber.Element, left: int = 200) -> None:
    for child in element.children() if left and element.tag & ber.CONSTRUCTED else ():
        walk(child, left - 1)


@given(elements() | damaged([SIGNED]))
@large(b"\x30\x80" * 100_000)
@large(b"\x24\x80" * 100_000)
@large(SIGNED[:46] + b"\x24\x80" * 100_000)
@large(SIGNED[:46] + (b"\x24\x80" + b"\x04\0" * 100_000) + bytes(12))
@examples(60)
def test_ber_and_what_is_signed_are_read_or_refused(data: bytes) -> None:
    with bounded(BerError):
        found = ber.read(data)
        if len(data) < 1000:
            walk(found)
    with bounded(CmsError):
        signed_content(data)


@given(damaged([SIGNED]) | DICTIONARIES.map(lambda values: SIGNED.replace(XML, plistlib.dumps(values))))
@examples(24)
def test_a_profile_is_read_or_refused(data: bytes) -> None:
    with bounded(ProfileError):
        profile = read_profile(data)
        assert all(moment is None or moment.tzinfo is UTC for moment in (profile.created, profile.expires))


def test_the_sample_of_a_signed_list_is_whole() -> None:
    assert read_profile(SIGNED).name == "x"


FAT = (
    struct.pack(">2I", 0xCAFEBABE, 2)
    + struct.pack(">5I", 7, 3, 48, 56, 0)
    + struct.pack(">5I", 12, 9, 104, 56, 0)
)
FAT += companion() + companion()


@given(damaged([companion(), FAT]))
@examples(40)
def test_a_program_is_read_or_refused(data: bytes) -> None:
    with bounded(MachOError):
        macho.read_slices(io.BytesIO(data))


@given(damaged([b"<a b='c'><d>e</d><f/></a>", b"<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xbc</a>"]))
@large(b"<a>" * 100_000)
@large(b"<a>" + b"<b/>" * 100_000)
@large(b"<a " + b"".join(b"a%d='' " % number for number in range(100_000)) + b"/>")
@example(b"<?xml version='1.0' encoding='utf-7'?><a/>")
@example(b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>")
@examples(32)
def test_xml_is_read_or_refused(data: bytes) -> None:
    with bounded(XmlError):
        read_xml(data)


def a_xar(toc: bytes, heap: bytes = b"", *, claimed: int | None = None) -> bytes:
    packed = zlib.compress(toc)
    size = len(toc) if claimed is None else claimed
    return struct.pack(">4sHHQQI", b"xar!", 28, 1, len(packed), size, 1) + packed + heap


PIECES = st.lists(
    st.sampled_from(
        [
            "<file>",
            "</file>",
            "<name>a</name>",
            "<name enctype='base64'>YQ==</name>",
            "<name enctype='base64'>ü</name>",
            "<data>",
        ]
        + [
            "</data>",
            "<length>3</length>",
            "<offset>0</offset>",
            "<length>-1</length>",
            "<offset>9999999999999999999</offset>",
        ]
        + [
            f"<encoding style='application/{encoding}'/>"
            for encoding in ("x-gzip", "x-bzip2", "octet-stream", "x-lzma")
        ]
        + ["<file><name>a</name><data><length>3</length><offset>0</offset></data></file>"]
    ),
    max_size=12,
)


@given(PIECES, st.sampled_from([b"abc", zlib.compress(b"abc"), b"BZh9", b""]))
@examples(32)
def test_a_package_s_list_is_read_or_refused(pieces: list[str], heap: bytes) -> None:
    with bounded(XarError):
        read_all(a_xar(f"<xar><toc>{''.join(pieces)}</toc></xar>".encode(), heap))


@given(
    damaged(
        [
            a_xar(
                b"<xar><toc><file><name>a</name><data><length>3</length><offset>0</offset></data></file></toc></xar>",
                b"abc",
            )
        ]
    )
)
@large(a_xar(bytes(17 << 20), claimed=16 << 20))
@example(a_xar(b"<xar><toc>" + b"<file><name>a</name>" * 60 + b"</file>" * 60 + b"</toc></xar>"))
@examples(24)
def test_a_damaged_package_is_read_or_refused(data: bytes) -> None:
    with bounded(XarError):
        read_all(data)


def read_all(data: bytes) -> None:
    opened = xar.open_archive(io.BytesIO(data))
    for path in opened.members:
        opened.read(path, 1 << 20)


ZIP = archive({"a": b"abc" * 50, "b/c": b"d"})
BOMB = archive({"a": bytes(5 << 20)})


@given(
    damaged([ZIP])
    | st.tuples(st.just(ZIP), st.lists(st.sampled_from(PACKED))).map(lambda it: it[0] + b"".join(it[1]))
)
@large(BOMB)
@examples(60)
def test_a_damaged_zip_is_read_or_refused(data: bytes) -> None:
    file = io.BytesIO(data)
    with bounded(ZipError):
        found = list(zipfiles.entries(file, lambda path: True))
    for entry in locals().get("found", [])[:5]:
        with bounded(ZipError):
            zipfiles.read(file, entry, 1 << 20)
        with bounded(ZipError):
            assert sum(map(len, zipfiles.blocks(file, entry))) <= max(entry.size, 1)
