"""Looks after a write that Apple accepted: one if it was made, several if Apple shows it late or never."""

from __future__ import annotations

from asc.api.polling import LATE, look_until
from core.testflight import open_testflight


def test_a_write_that_was_made_costs_one_look() -> None:
    with open_testflight() as apple:
        assert look_until(apple.client, lambda: "made", lambda shown: shown == "made") == "made"
        assert apple.slept == []


def test_a_write_that_apple_shows_late_is_looked_for_again() -> None:
    shown = iter(["old", "old", "made"])
    with open_testflight() as apple:
        assert look_until(apple.client, lambda: next(shown), lambda found: found == "made") == "made"
        assert apple.slept == list(LATE[:2])


def test_a_write_that_was_never_made_ends_with_the_last_state() -> None:
    with open_testflight() as apple:
        assert look_until(apple.client, lambda: "old", lambda shown: shown == "made") == "old"
        assert apple.slept == list(LATE)
