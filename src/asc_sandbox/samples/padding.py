"""Bytes that do not compress, as many as wanted, quickly: to give a sample the size of a real app."""

from __future__ import annotations

import random
from collections.abc import Iterator

CHUNK = 1 << 20


def padding(length: int, seed: int) -> Iterator[bytes]:
    """`length` bytes in chunks that all differ, the same for the same seed."""
    block = random.Random(seed).randbytes(CHUNK)
    for number in range(-(-length // CHUNK)):
        turn = number * 4099 % CHUNK  # a prime: no two chunks of a terabyte begin at the same byte
        chunk = number.to_bytes(8, "big") + block[turn:] + block[:turn]
        yield chunk[: min(CHUNK, length - number * CHUNK)]
