"""The kinds of inputs: what users write, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from asc.commands import kinds
from asc.commands.kinds import Kind
from support.bounds import moderate


@pytest.mark.parametrize(
    "text",
    ["a: 1\nb: 2\na: 3", '{"a": 1, "a": 2}', "outer:\n  a: 1\n  a: 2", '{"outer": {"a": 1, "a": 2}}'],
)
def test_a_name_that_is_given_twice_in_a_mapping_is_refused(text: str) -> None:
    with pytest.raises(kinds.GivenTwice) as raised:
        kinds.MAPPING.parse(text)
    assert raised.value.name == "a"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.BOOLEAN, "True", True),
        (kinds.BOOLEAN, "false", False),
        (kinds.INTEGER, "-12", -12),
        (kinds.DURATION, "90", 90),
        (kinds.DURATION, "30m", 1800),
        (kinds.DURATION, "1h30m", 5400),
        (kinds.DURATION, "1.5s", 1.5),
        (kinds.DURATION, "7d", 604800),
        (kinds.LIST, "QA, Beta testers\nFriends,\n QA", ("QA", "Beta testers", "Friends")),
        (kinds.MAPPING, "en-US: Faster start.\nde-DE: 'on'", {"en-US": "Faster start.", "de-DE": "on"}),
        (kinds.MAPPING, '{"no": "NO"}', {"no": "NO"}),
        (kinds.DATE, "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        (kinds.DATE, "2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (kinds.choice(["ios", "macos"]), "iOS", "ios"),
        (kinds.version(), "1.10", "1.10"),
        (kinds.version("latest"), "Latest", "latest"),
        (kinds.build_number(), "1.2.3.4", "1.2.3.4"),
        (kinds.GLOB, "build/**/*.ipa", "build/**/*.ipa"),
    ],
)
def test_read(kind: Kind, text: str, value: Any) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (kinds.BOOLEAN, "yes"),
        (kinds.BOOLEAN, "tRUE"),
        (kinds.INTEGER, "1.0"),
        (kinds.INTEGER, "٣"),
        (kinds.DURATION, "half an hour"),
        (kinds.DURATION, "-5m"),
        (kinds.DURATION, "m"),
        (kinds.MAPPING, "just text"),
        (kinds.MAPPING, "a: [1"),
        (kinds.DATE, "yesterday"),
        (kinds.choice(["ios", "macos"]), "windows"),
        (kinds.version(), "latest"),
        (kinds.version(), "1..5"),
        (kinds.version(), "1,5"),
        (kinds.version(), "٣"),
        (kinds.build_number(), "42b"),
        (kinds.PATH, "a\nb"),
        (kinds.PATH, "a\ud800"),
    ],
)
def test_a_value_that_is_not_of_the_kind_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError):
        kind.parse(text)


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "a: " + "[" * 900 + "]" * 900, "- " * 20_000, '{"a":' * 20_000]
)
def test_a_mapping_nested_without_end_is_refused_at_once(text: str) -> None:
    with moderate(), pytest.raises(ValueError, match="mapping"):
        kinds.MAPPING.parse(text)


@pytest.mark.parametrize(("given", "path"), [("~/dsyms", "/home/someone/dsyms"), ("a~/b", "a~/b")])
@pytest.mark.parametrize("kind", [kinds.PATH, kinds.GLOB])
def test_a_tilde_at_the_start_of_a_path_is_the_home_folder(
    kind: kinds.Kind, given: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert kind.parse(given) == path
