"""Types of arguments for the programs of this repository, as `argparse` takes them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def number_from(least: int) -> Callable[[str], int]:
    """Return a type that accepts whole numbers from `least` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return read


def above_zero(text: str) -> float:
    """Return the number. Raises ArgumentTypeError if it is not above 0, or not finite."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
