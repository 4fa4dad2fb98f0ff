"""whats-new and release-notes: one rule tells a text from a mapping of locales to texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.commands.notes import read_notes
from core.uploading import APP, apple, step
from core.uploading import calls as requests_of
from store.pages import update
from support.sandbox import start_sandbox


@pytest.mark.parametrize(
    "text",
    [
        "Faster start.",
        "Fixed: a crash.",
        "Fixed: a crash.\nFixed: another.",
        "No: more crashes",
        "no-ads: for all",
        "In-App: purchases work",
        "Default: dark mode",
        "Improved:\n- Search\n- Start",
        "Fixed: a crash: at the start",
        "Translations\nen-US: better wording",
        "{new} icons",
    ],
)
def test_a_text_that_names_no_locale_is_a_text(text: str) -> None:
    assert read_notes(text) == text


@pytest.mark.parametrize(
    ("text", "locales"),
    [
        ("en-US: Faster.\nde-DE: Schneller.", ["en-US", "de-DE"]),
        ('{"en-us": "Faster.", "default": "Other."}', ["en-us", "default"]),
        ("{xyz: Other.}", ["xyz"]),
        ("en_US: Faster.\nDefault: Other.", ["en_US", "Default"]),
        ("zh-Hans: 更快\nja: 速い\nsw: Haraka", ["zh-Hans", "ja", "sw"]),
        ("de: Neu.", ["de"]),
    ],
)
def test_a_mapping_of_locales_is_a_mapping(text: str, locales: list[str]) -> None:
    assert list(read_notes(text)) == locales


MIXED = {
    "another name beside a locale": ("en-US: Faster.\nFixed: a crash.", "Fixed"),
    "another name twice beside a locale": ("Fixed: a crash.\nFixed: a leak.\nen-US: Faster.", "Fixed"),
    "an unquoted colon": ("en-US: Fixed: a crash.\nde-DE: Schneller.", "en-US"),
    "a missing comma": ('{"en-US": "Faster." "de-DE": "Schneller."}', "en-US"),
    "a locale twice": ("en-US: New.\nen-US: Newer.", "en-US"),
    "a language that Apple calls otherwise": ("de: Neu.", "de-DE"),
}


@pytest.mark.parametrize(("text", "named"), MIXED.values(), ids=MIXED)
def test_both_actions_refuse_notes_that_mix_locales_and_other_names(
    tmp_path: Path, text: str, named: str
) -> None:
    with apple() as sandbox:
        tested = step(tmp_path, sandbox, {"bundle-id": APP, "build-number": "latest", "whats-new": text})
        assert requests_of(sandbox, "POST", "PATCH") == []
    with start_sandbox() as sandbox:
        released = update(tmp_path, sandbox, release_notes=text)
    assert (tested.code, released.code) == (2, 2), released.stdout
    assert named in tested.error
    assert named in released.error
