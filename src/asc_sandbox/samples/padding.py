"""Make any number of bytes that do not compress, quickly: they give a sample the size of a real app."""

from __future__ import annotations

import random
from collections.abc import Iterator

CHUNK = 1 << 20


def padding(length: int, seed: int) -> Iterator[bytes]:
    """Yield `length` bytes in chunks that all differ; the same seed gives the same bytes."""
    block = random.Random(seed).randbytes(CHUNK)
    for number in range(-(-length // CHUNK)):
        # 4099 is prime: no two chunks of a terabyte begin at the same byte.
        turn = number * 4099 % CHUNK
        chunk = number.to_bytes(8, "big") + block[turn:] + block[:turn]
        yield chunk[: min(CHUNK, length - number * CHUNK)]
