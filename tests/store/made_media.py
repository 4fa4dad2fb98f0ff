"""Movies made for tests, box by box, with nothing of the reader under test."""

from __future__ import annotations

import struct


def movie(
    width: int = 886, height: int = 1920, *, seconds: int = 20, rate: int = 30, codec: bytes = b"avc1",
    brand: bytes = b"isom", sound: bool = True, turned: bool = False, index_last: bool = False,
) -> bytes:  # fmt: skip
    def box(name: bytes, *content: bytes) -> bytes:
        inner = b"".join(content)
        return struct.pack(">I4s", len(inner) + 8, name) + inner

    def track(kind: bytes, description: bytes, frames: int, size: tuple[int, int]) -> bytes:
        turn = (0, 65536, -65536, 0) if turned else (65536, 0, 0, 65536)
        matrix = struct.pack(">iiiiiiiii", turn[0], turn[1], 0, turn[2], turn[3], 0, 0, 0, 0x40000000)
        header = bytes(40) + matrix + struct.pack(">II", size[0] << 16, size[1] << 16)
        entry = struct.pack(">I4s", 86, description) + bytes(24) + struct.pack(">HH", *size) + bytes(50)
        table = box(
            b"stbl",
            box(b"stsd", struct.pack(">II", 0, 1), entry),
            box(b"stts", struct.pack(">IIII", 0, 1, frames, 100)),
        )
        media = box(
            b"mdia",
            box(b"mdhd", bytes(12) + struct.pack(">II", 600, seconds * 600) + bytes(4)),
            box(b"hdlr", bytes(8) + kind + bytes(12)),
            box(b"minf", table),
        )
        return box(b"trak", box(b"tkhd", header), media)

    tracks = [track(b"vide", codec, seconds * rate, (width, height))]
    tracks += [track(b"soun", b"mp4a", 1, (0, 0))] if sound else []
    index = box(
        b"moov", box(b"mvhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(80)), *tracks
    )
    data = box(b"mdat", bytes(100))
    kind = box(b"ftyp", brand, bytes(4))
    return kind + (data + index if index_last else index + data)
