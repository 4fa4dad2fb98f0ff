"""Damage for fuzzed files: changed bytes, and a cut."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

fuzzed = settings(max_examples=150, deadline=None)


mutations = st.tuples(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20)
)


def mutated(data: bytes, cuts: list[tuple[int, int]], end: int) -> bytes:
    """The same bytes with some changed, and cut off."""
    changed = bytearray(data)
    for at, value in cuts:
        changed[at % len(changed)] = value
    return bytes(changed[: end % (2 * len(changed)) or None])
