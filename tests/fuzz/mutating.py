"""Damage samples: flip, cut, double and move bytes, and overwrite them with numbers as lengths and counts have."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
PACKED = [
    struct.pack(order + form, number)
    for number in NUMBERS
    for order in "<>"
    for form, most in (("B", 0xFF), ("H", 0xFFFF), ("I", 0xFFFFFFFF), ("Q", (1 << 64) - 1))
    if number <= most
]
Place = tuple[int, int]
"""An offset and a length in bytes."""


@st.composite
def damaged(draw: st.DrawFn, samples: Sequence[bytes], most: int = 4) -> bytes:
    """Draw one of the samples, damaged in up to `most` places."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, most))):
        data = draw(st.sampled_from(_DAMAGES))(draw, data)
    return data


def _place(draw: st.DrawFn, data: bytes) -> Place:
    at = draw(st.integers(0, len(data)))
    return at, draw(st.integers(0, min(64, len(data) - at)))


def _overwrite(draw: st.DrawFn, data: bytes) -> bytes:
    at, _ = _place(draw, data)
    new = draw(st.sampled_from(PACKED) | st.binary(min_size=1, max_size=8))
    return data[:at] + new + data[at + len(new) :]


def _insert(draw: st.DrawFn, data: bytes) -> bytes:
    at, _ = _place(draw, data)
    return data[:at] + draw(st.sampled_from(PACKED) | st.binary(min_size=1, max_size=16)) + data[at:]


def _delete(draw: st.DrawFn, data: bytes) -> bytes:
    at, size = _place(draw, data)
    return data[:at] + data[at + size :]


def _repeat(draw: st.DrawFn, data: bytes) -> bytes:
    at, size = _place(draw, data)
    return data[:at] + data[at : at + size] * draw(st.sampled_from((2, 3, 100, 1000))) + data[at + size :]


def _move(draw: st.DrawFn, data: bytes) -> bytes:
    at, size = _place(draw, data)
    rest = data[:at] + data[at + size :]
    to = draw(st.integers(0, len(rest)))
    return rest[:to] + data[at : at + size] + rest[to:]


def _cut(draw: st.DrawFn, data: bytes) -> bytes:
    return data[: draw(st.integers(0, len(data)))]


_DAMAGES: tuple[Callable[[st.DrawFn, bytes], bytes], ...] = (
    _overwrite,
    _overwrite,
    _insert,
    _delete,
    _repeat,
    _move,
    _cut,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.sampled_from(
        [0, -1, 1 << 63, 10**30, 1e300, float("inf"), "", "\0", "\ud800", "x" * 5000, "::error::x"]
    )
    | st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Values of JSON, up to eight in a document."""


def joined(*pieces: str, most: int = 40) -> st.SearchStrategy[str]:
    """Return texts that are put together from up to `most` of these pieces, and from short texts between them."""
    return st.lists(st.sampled_from(pieces) | st.text(max_size=3), max_size=most).map("".join)


def nested(depth: int, kind: str = "list") -> Any:
    """Return a list nested `depth` levels deep."""
    value: Any = "x"
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value
