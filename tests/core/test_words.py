"""How numbers and lists are said."""

from __future__ import annotations

import pytest

from asc import words


@pytest.mark.parametrize(("count", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_one_is_no_plural(count: int, said: str) -> None:
    assert words.counted(count, "file") == said


@pytest.mark.parametrize(
    ("texts", "said"), [("", ""), ("a", "a"), ("ab", "a, b"), ("abcd", "a, b and 2 more")]
)
def test_a_long_list_ends_with_how_many_are_left_out(texts: str, said: str) -> None:
    assert words.some(list(texts), 2) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (840, "840 bytes"),
        (1024, "1.0 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 40, "5120.0 GiB"),
    ],
)
def test_sizes_have_the_largest_unit_that_fits(count: int, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(7.6, "8 s"), (59.7, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (3900, "1 h 5 min")],
)
def test_durations_have_two_units_at_most(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said
