"""A Precheckfile and a Deliverfile are read as text: never run, in bounded time, every line accounted for."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given

from asc.commands import load
from asc.commands.declaration import inputs_of
from asc.commands.deliverfile import with_deliverfile
from asc.formats.rubylines import LARGEST, read_statements
from asc.store.precheckfile import read_precheckfile
from fuzz.bounds import bounded, examples
from fuzz.mutating import joined

WORDS = """
test_words custom_text app_version skip_metadata ( ) [ ] { } " ' # #{ \\ :skip data: true 1.6.0 reset_ratings price_tier
"""
PIECES = joined(*WORDS.split(), " ", "\n", "level: ", most=60)


@given(PIECES)
@example("(" * 1000 + "\n" + "a\n" * 20_000)
@example("'" * 50_000)
@example('"' * 50_001 + "#")
@example("a(" * 20_000)
@examples(40)
def test_statements_hold_every_line_that_says_something(text: str) -> None:
    with bounded():
        found = read_statements(text)
        for statement in found:
            _ = statement.setting
    assert [one.line for one in found] == sorted({one.line for one in found})


@given(text=PIECES)
@example(text="test_words(" + " " * 200_000 + "x")
@example(text="custom_text(" + "data:[" * 60_000)
@example(text="custom_text(data: [" + "'\"" * 60_000)
@example(text="default_rule_level" + " (" * 60_000)
@examples(15)
def test_settings_files_are_read_or_refused(tmp_path_factory: object, text: str) -> None:
    folder = Path(tmp_path_factory.mktemp("settings"))  # type: ignore[attr-defined]
    path = folder / "File"
    path.write_text(text, "utf-8", errors="replace")
    with bounded():
        read_precheckfile(path)
        with_deliverfile({"deliverfile": str(path)}, inputs_of(load("update-app-store")))


def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Precheckfile"
    path.write_bytes(b"a" * (LARGEST + 1))
    assert [one.rule for one in read_precheckfile(path).findings] == ["precheckfile"]
