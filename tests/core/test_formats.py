"""BER, CMS, provisioning profiles, property lists and XML: read as they come, and hostile ones refused."""

from __future__ import annotations

import plistlib
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.formats import ber
from asc.formats.ber import BerError
from asc.formats.cms import CmsError, signed_content
from asc.formats.mobileprovision import ProfileError, read_profile
from asc.formats.plist import PlistError, read_plist
from asc.formats.xmltree import XmlError, read_xml
from asc_sandbox.samples import make_profile
from asc_sandbox.samples.profile import KINDS, TEAM_ID, ProfileKind, sign
from core.mutations import fuzzed, mutated, mutations
from support.bounds import bounded

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)


# BER


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def indefinite(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80]) + content + b"\0\0"


def test_lengths_are_read_in_all_their_forms() -> None:
    assert ber.read(bytes.fromhex("0403616263")).octets() == b"abc"
    assert ber.read(bytes.fromhex("048103616263")).octets() == b"abc"
    assert ber.read(bytes.fromhex("04840000000361 6263")).octets() == b"abc"
    assert ber.read(der(0x04, bytes(70_000))).octets() == bytes(70_000)


def test_octet_strings_in_pieces_are_one() -> None:
    pieces = indefinite(
        0x24, der(0x04, b"ab") + indefinite(0x24, der(0x04, b"c") + der(0x04, b"")) + der(0x04, b"d")
    )
    assert ber.read(pieces).octets() == b"abcd"


def test_an_indefinite_length_ends_at_its_own_end() -> None:
    inner = indefinite(0x30, der(0x02, b"\1") + indefinite(0x30, b""))
    outer = ber.read(indefinite(0x30, inner + der(0x04, b"\0\0")))
    assert [child.tag for child in outer.children()] == [0x30, 0x04]


def test_line_ends_and_zeros_behind_are_padding() -> None:
    assert ber.read(der(0x04, b"x") + b"\0\0\r\n").octets() == b"x"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x04",
        b"\x04\x02a",
        b"\x04\x82\x01",
        b"\x04\xff" + bytes(300),
        b"\x04\xfe" + b"\xff" * 126,
        b"\x04\x84\xff\xff\xff\xff",
        b"\x04\x80a\0\0",
        b"\x1f\x81\x01\x00",
        b"\x30\x80\x04\x01a",
        b"\x30\x80\x00\x01a\0\0",
        b"\x30\x80" * 65 + b"\0\0" * 65,
        b"\x30\x80" * 100_000,
        der(0x04, b"x") + b"more",
    ],
    ids=lambda data: data[:6].hex(" "),
)
def test_what_is_not_ber_is_refused(data: bytes) -> None:
    with bounded(), pytest.raises(BerError):
        list(ber.read(data).children())


def test_octet_strings_nested_deeply_are_refused() -> None:
    data = der(0x04, b"x")
    for _ in range(30):
        data = der(0x24, data)
    with pytest.raises(BerError, match="deep"):
        ber.read(data).octets()


@fuzzed
@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_ber_or_refused(data: bytes) -> None:
    try:
        walk = [ber.read(data)]
        while walk:
            element = walk.pop()
            walk += element.children() if element.tag & ber.CONSTRUCTED else ()
    except BerError:
        pass


# CMS


def test_contents_signed_by_another_library_are_found() -> None:
    assert signed_content(sign(b"contents")) == b"contents"


def loosened(content: bytes) -> bytes:
    """A SignedData with indefinite lengths and its contents in pieces, as OpenSSL streams it."""
    pieces = b"".join(der(0x04, content[at : at + 100]) for at in range(0, len(content), 100))
    data = der(0x06, bytes.fromhex("2a864886f70d010701"))
    encapsulated = indefinite(0x30, data + indefinite(0xA0, indefinite(0x24, pieces)))
    signed = indefinite(0x30, der(0x02, b"\1") + der(0x31, b"") + encapsulated + der(0x31, b""))
    return indefinite(0x30, der(0x06, bytes.fromhex("2a864886f70d010702")) + indefinite(0xA0, signed))


def test_signatures_of_indefinite_length_are_read() -> None:
    assert signed_content(loosened(bytes(range(256)) * 4)) == bytes(range(256)) * 4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<plist/>", "not a CMS signature"),
        (der(0x30, der(0x06, bytes.fromhex("2a864886f70d010701"))), "not a signature"),
        (der(0x30, b""), "missing"),
        (sign(b"x")[:-10], "more bytes than there are"),
        (
            der(
                0x30,
                der(0x06, bytes.fromhex("2a864886f70d010702"))
                + der(0xA0, der(0x30, der(0x02, b"\1") + der(0x31, b"") + der(0x30, der(0x06, b"\1")))),
            ),
            "without its contents",
        ),
    ],
)
def test_what_is_no_signature_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(CmsError, match=why):
        signed_content(data)


# Provisioning profiles


def test_a_profile_is_read() -> None:
    profile = read_profile(make_profile("com.example.app", now=NOW))
    assert (profile.name, profile.team_id) == ("Example app-store com.example.app", TEAM_ID)
    assert profile.application_identifier == f"{TEAM_ID}.com.example.app"
    assert (profile.created, profile.expires) == (NOW - timedelta(days=10), NOW + timedelta(days=355))
    assert (profile.platforms, profile.devices) == (("iOS", "xrOS", "visionOS"), ())
    assert profile.certificates[0][:2] == b"\x30\x82"
    assert profile.entitlements["beta-reports-active"] is True


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_profiles_differ_in_devices_and_rights(kind: ProfileKind) -> None:
    profile = read_profile(make_profile("com.example.app", kind, now=NOW))
    assert profile.get_task_allow is (kind == "development")
    assert profile.provisions_all_devices is (kind == "enterprise")
    assert bool(profile.devices) is (kind in ("development", "ad-hoc"))
    assert profile.expires is not None
    assert (profile.expires < NOW) is (kind == "expired")


def test_a_mac_profile_has_its_rights_under_other_names() -> None:
    profile = read_profile(make_profile("com.example.app", "development", platform="MAC_OS"))
    assert (profile.application_identifier, profile.get_task_allow) == (f"{TEAM_ID}.com.example.app", True)


def test_the_list_in_a_profile_may_be_binary_and_its_signature_loose() -> None:
    content = plistlib.dumps({"Name": "x", "ExpirationDate": datetime(2026, 2, 1)}, fmt=plistlib.FMT_BINARY)
    profile = read_profile(loosened(content))
    assert (profile.name, profile.expires) == ("x", datetime(2026, 2, 1, tzinfo=UTC))


def test_members_of_other_types_count_as_missing() -> None:
    wrong: dict[str, Any] = {
        "Name": 1,
        "TeamIdentifier": "A",
        "ExpirationDate": "soon",
        "Entitlements": [],
        "ProvisionedDevices": [1, "a"],
        "DeveloperCertificates": {},
    }
    profile = read_profile(make_profile("a.b", values=wrong))
    assert (profile.name, profile.team_id, profile.expires, profile.devices) == ("", "", None, ("a",))
    assert (profile.application_identifier, profile.certificates) == ("", ())


@pytest.mark.parametrize("data", [b"", b"<?xml?>", sign(b"hello"), sign(plistlib.dumps([])), bytes(9 << 20)])
def test_what_is_no_profile_is_refused(data: bytes) -> None:
    with pytest.raises(ProfileError):
        read_profile(data)


PROFILE = make_profile("com.example.app")


@fuzzed
@given(mutations)
def test_damaged_profiles_are_read_or_refused(changes: tuple[list[tuple[int, int]], int]) -> None:
    with suppress(ProfileError):
        read_profile(mutated(PROFILE, *changes))


# Property lists


@pytest.mark.parametrize("kind", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_property_lists_are_read(kind: plistlib.PlistFormat) -> None:
    values = {
        "text": "Übung 👋",
        "long": "x" * 300,
        "number": -5,
        "large": 1 << 63,
        "real": 1.5,
        "flag": True,
        "data": b"\0" * 20,
        "time": datetime(2026, 1, 31),
        "list": [*range(20), {"a": []}],
    }
    assert read_plist(plistlib.dumps(values, fmt=kind)) == values


def overlapping(members: int) -> bytes:
    """A binary list in which many objects lie over one array of them all: members² when it is unfolded."""
    size = (4).to_bytes(1, "big")
    many = b"\xaf\x12" + members.to_bytes(4, "big")
    body = bytearray(b"bplist00")
    top = len(body)
    body += many + b"".join((2 + i).to_bytes(4, "big") for i in range(members))
    shared = len(body)
    body += many + (1).to_bytes(4, "big") * members
    number = len(body)
    body += b"\x10\x01"
    offsets = [top, number, *[shared] * members]
    table = len(body)
    body += b"".join(offset.to_bytes(4, "big") for offset in offsets)
    return bytes(body) + bytes(6) + size * 2 + struct.pack(">QQQ", len(offsets), 0, table)


def test_objects_that_lie_over_each_other_are_refused_before_they_unfold() -> None:
    with bounded(), pytest.raises(PlistError, match="over"):
        read_plist(overlapping(5_000))


def with_trailer(body: bytes, *, count: int, table: int, sizes: bytes = b"\1\1", top: int = 0) -> bytes:
    return b"bplist00" + body + bytes(6) + sizes + struct.pack(">QQQ", count, top, table)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"bplist00",
        b"bplist00" + bytes(32),
        b"bplist00" + b"\xff" * 32,
        with_trailer(b"\x10\x01\x08", count=1 << 60, table=10),
        with_trailer(b"\x10\x01\x08", count=3, table=10),
        with_trailer(b"\xaf\x13" + b"\x7f" * 8 + b"\x08", count=1, table=18),
        with_trailer(b"\x5f\x13" + b"\xff" * 8 + b"\x08", count=1, table=18),
        with_trailer(b"\xd1\x01\x01\x10\x01\x08\x0b", count=2, table=13),
        with_trailer(b"\xa1\x00\x08", count=1, table=10, top=9),
        plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY)[:-1],
        plistlib.dumps(["a"]),
        b"<plist><dict>",
        b"<plist><dict><key>a</key><integer>" + b"9" * 10_000 + b"</integer></dict></plist>",
        b"<plist><dict><key>a</key><integer>0x" + b"F" * 5_000 + b"</integer></dict></plist>",
        b"<plist><dict><key>a</key><array><integer>0x1" + b"0" * 32 + b"</integer></array></dict></plist>",
        b"<plist><dict><key>a</key><date>never</date></dict></plist>",
        b"<?xml version='1.0' encoding='klingon'?><plist><dict/></plist>",
        b"<!DOCTYPE plist [<!ENTITY a 'aaaa'>]><plist><dict><key>&a;</key><string/></dict></plist>",
        b"<plist><dict>" + b"<key>a</key><array>" * 100_000,
        bytes(5 << 20),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_property_list_is_refused(data: bytes) -> None:
    with bounded(), pytest.raises(PlistError):
        read_plist(data)


def test_a_binary_list_nested_deeply_is_refused() -> None:
    deep = 3000
    body = b"".join(b"\xa1" + (i + 1).to_bytes(2, "big") for i in range(deep)) + b"\xa0"
    table = b"".join((8 + 3 * i).to_bytes(2, "big") for i in range(deep + 1))
    data = with_trailer(body + table, count=deep + 1, table=8 + len(body), sizes=b"\2\2")
    with bounded(), pytest.raises(PlistError, match="RecursionError"):
        read_plist(data)


BINARY = plistlib.dumps(
    {"a": [1, 2.5, "ü", b"x", {"b": True}], "c": {"d": "e" * 40}}, fmt=plistlib.FMT_BINARY
)


@fuzzed
@given(mutations)
def test_damaged_property_lists_are_read_or_refused(changes: tuple[list[tuple[int, int]], int]) -> None:
    for data in (BINARY, plistlib.dumps({"a": [1, "b"], "c": b"d"})):
        with suppress(PlistError):
            read_plist(mutated(data, *changes))


# XML


def test_xml_is_read_as_a_tree() -> None:
    root = read_xml(b"<a x='1'><b>text</b><b/></a>")
    assert (root.tag, root.get("x"), [one.text for one in root]) == ("a", "1", ["text", None])


LAUGHS = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (LAUGHS + b"]><a>&j;</a>", "document type"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>", "document type"),
        (b"<a>" * 65, "nested"),
        (b"<a>" * 1_000_000, "nested"),
        (b"<a>" + b"<b/>" * 100_001 + b"</a>", "more than"),
        (b"", "not XML"),
        (b"<a>", "not XML"),
        (b"<a>&b;</a>", "not XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "not XML"),
        (b"\xff\xfe\x00", "not XML"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_hostile_xml_is_refused(data: bytes, why: str) -> None:
    with bounded(megabytes=128), pytest.raises(XmlError, match=why):
        read_xml(data)


@fuzzed
@given(st.binary(max_size=100) | st.text("<>/a&;!'= ", max_size=60).map(str.encode))
def test_any_bytes_are_read_as_xml_or_refused(data: bytes) -> None:
    with suppress(XmlError):
        read_xml(data)
