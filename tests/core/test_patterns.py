"""Which files a pattern means."""

from pathlib import Path

import pytest

from asc.commands.patterns import is_there, matching


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.ipa", ".hidden.ipa", "build/b.ipa", "build/deep/c.ipa", ".git/d.ipa"):
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.ipa", "a.ipa"),
        ("**/*.ipa", "a.ipa build/b.ipa build/deep/c.ipa"),
        ("build/**/*.ipa", "build/b.ipa build/deep/c.ipa"),
        ("build/**.ipa", "build/b.ipa"),
        ("build/deep/**", "build/deep/c.ipa"),
        (".git/*", ".git/d.ipa"),
        ("../work/*.ipa", "../work/a.ipa"),
        ("./build/*.ipa", "build/b.ipa"),
        ("**/" * 60 + "a.ipa", "a.ipa"),
        ("[" * 1000 + "*", ""),
        ("x" * 1000 + "/*", ""),
    ],
)
def test_patterns(folder: Path, pattern: str, names: str) -> None:
    assert [str(path) for path in matching(pattern)] == names.split()
    if not pattern.startswith("."):
        assert matching(f"{folder}/{pattern}") == [folder / name for name in names.split()]


def test_links_that_lead_back_are_not_walked(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).symlink_to(".")
    assert [str(path) for path in matching("**/c.ipa")] == ["build/deep/c.ipa"]
    assert [str(path) for path in matching("one/*.ipa")] == ["one/a.ipa"]


def test_a_path_that_no_disk_takes_is_not_there() -> None:
    assert not is_there("[" * 1000)
    assert not is_there("a\0b")
