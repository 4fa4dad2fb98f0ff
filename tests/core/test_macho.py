"""Mach-O files: UUIDs are read from each slice, and no bytes whatever make the reader hang or grow."""

from __future__ import annotations

import io
import struct
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.formats.macho import MOST_SLICES, MachOError, Slice, read_slices
from asc_sandbox.samples.macho import make_executable
from asc_sandbox.symbols.dsym import make_companion

ONE = uuid.UUID("6a9a6bd0-2ad1-4b3c-8c3e-3f5f0b8f2e71")
TWO = uuid.UUID("11111111-2222-3333-4444-555555555555")
TEXT, OTHER = str(ONE).upper(), str(TWO).upper()


def thin(order: str, bits: int, cpu: int, subtype: int, *commands: tuple[int, bytes]) -> bytes:
    magic = 0xFEEDFACF if bits == 64 else 0xFEEDFACE
    body = b"".join(struct.pack(f"{order}2I", kind, 8 + len(data)) + data for kind, data in commands)
    head = struct.pack(f"{order}7I", magic, cpu, subtype, 0xA, len(commands), len(body), 0)
    return head + (bytes(4) if bits == 64 else b"") + body


def with_uuid(order: str = "<", bits: int = 64, cpu: int = 0x0100000C, subtype: int = 0) -> bytes:
    return thin(order, bits, cpu, subtype, (0x2, bytes(16)), (0x1B, ONE.bytes))


def fat(*slices: bytes, wide: bool = False, offsets: tuple[int, ...] = ()) -> bytes:
    head = struct.pack(">2I", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices))
    form = ">2I2Q2I" if wide else ">5I"
    at, entries, body = 4096, b"", b""
    for number, data in enumerate(slices):
        fields = (0, 0, offsets[number] if offsets else at + len(body), len(data), 12)
        entries += struct.pack(form, *fields, *((0,) if wide else ()))
        body += data.ljust(4096, b"\0")
    return (head + entries).ljust(4096, b"\0") + body


def read(data: bytes) -> list[Slice]:
    return read_slices(io.BytesIO(data))


@pytest.mark.parametrize(
    ("bits", "cpu", "subtype", "name"),
    [
        (64, 0x0100000C, 0, "arm64"),
        (64, 0x0100000C, 0x80000002, "arm64e"),
        (32, 0x0200000C, 1, "arm64_32"),
        (32, 12, 9, "armv7"),
        (32, 12, 12, "armv7k"),
        (32, 7, 3, "i386"),
        (64, 0x01000007, 3, "x86_64"),
        (64, 0x01000007, 8, "x86_64h"),
        (64, 0x01000099, 7, "cpu 0x1000099"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_thin_files_of_either_byte_order(order: str, bits: int, cpu: int, subtype: int, name: str) -> None:
    assert read(with_uuid(order, bits, cpu, subtype)) == [Slice(TEXT, name)]


@pytest.mark.parametrize("wide", [False, True], ids=["fat", "fat64"])
def test_a_fat_file_has_the_uuid_of_each_architecture(wide: bool) -> None:
    one, two = with_uuid(), thin("<", 32, 0x0200000C, 1, (0x1B, TWO.bytes))
    assert read(fat(one, two, wide=wide)) == [Slice(TEXT, "arm64"), Slice(OTHER, "arm64_32")]


def test_what_the_sandbox_makes() -> None:
    assert read(make_executable(ONE)) == [Slice(TEXT, "arm64")]
    both = make_companion({"arm64_32": TWO, "arm64": ONE}, [b"x" * 100_000])
    assert read(both) == [Slice(OTHER, "arm64_32"), Slice(TEXT, "arm64")]


def test_a_slice_without_a_uuid_is_left_out() -> None:
    assert read(thin("<", 64, 0x0100000C, 0, (0x2, bytes(16)))) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut off"),
        (b"\x7fELF" + bytes(64), "not a Mach-O"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(64), "not a Mach-O"),  # a Java class
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x00", "not a Mach-O"),
        (struct.pack(">2I", 0xCAFEBABE, MOST_SLICES) + bytes(10), "cut off"),
        (with_uuid()[:40], "cut off"),
        (fat(with_uuid(), offsets=(8,)), "overlap"),
        (fat(with_uuid(), offsets=(1 << 31,)), "cut off"),
        (fat(b"not one"), "not a Mach-O"),
        (struct.pack("<8I", 0xFEEDFACF, 0, 0, 0xA, 1, 1 << 31, 0, 0), "as long as they say"),
        (struct.pack("<8I", 0xFEEDFACF, 0, 0, 0xA, 1 << 30, 64, 0, 0) + bytes(64), "as long as they say"),
        (struct.pack("<10I", 0xFEEDFACF, 0, 0, 0xA, 1, 8, 0, 0, 0x1B, 24), "end too early"),
        (struct.pack("<10I", 0xFEEDFACF, 0, 0, 0xA, 1, 8, 0, 0, 0x1B, 0), "end too early"),
    ],
)
def test_what_is_no_mach_o_or_contradicts_itself(data: bytes, reason: str) -> None:
    with pytest.raises(MachOError, match=reason):
        read(data)


@settings(max_examples=200, deadline=500)
@given(st.binary(max_size=200), st.integers(0, 150))
def test_no_bytes_whatever_do_harm(noise: bytes, at: int) -> None:
    whole = with_uuid()
    for data in (noise, whole[:at] + noise, b"\xca\xfe\xba\xbe" + noise, whole[:28] + noise):
        try:
            found = read(data)
        except MachOError:
            continue
        assert len(found) <= MOST_SLICES
