"""What files say of a store page where others got it wrong: old names, links, turned pictures, comments in Ruby."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from asc.formats.images import read_image
from asc.store import age_rating
from asc.store.categories import category_id, check_categories
from asc.store.folder import read_folder
from asc.store.precheckfile import read_precheckfile
from asc.store.screenshots import read_screenshots
from asc.store.wanted import Place, Text, WantedPage
from sandbox.store import jpeg, png
from store.pages import write_files


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("primary_category", "MZGenre.Apps.Food_Drink", "FOOD_AND_DRINK"),
        ("primary_category", "MZGenre.Music", "MUSIC"),
        ("primary_category", "Developer Tools", "DEVELOPER_TOOLS"),
        ("primary_first_sub_category", "MZGenre.Music", "GAMES_MUSIC"),
        ("primary_first_sub_category", "MZGenre.RolePlaying", "GAMES_ROLE_PLAYING"),
        ("primary_first_sub_category", "MZGenre.Apps.Stickers.Emotions", "STICKERS_EMOJI_AND_EXPRESSIONS"),
        ("primary_first_sub_category", "MZGenre.Apps.Stickers.Animals", "STICKERS_ANIMALS"),
        ("primary_first_sub_category", "GAMES_WORD", "GAMES_WORD"),
    ],
)
def test_old_names_of_categories_become_apples_ids(name: str, text: str, found: str) -> None:
    assert category_id(name, text) == found


@pytest.mark.parametrize(
    ("categories", "levels"),
    [
        ({"primary_category": "GAMES", "primary_first_sub_category": "Word"}, []),
        ({"primary_category": "PRODUCTVITY"}, ["error"]),
        ({"primary_category": "PETS"}, ["warning"]),
        ({"primary_category": "GAMES", "primary_second_sub_category": "STICKERS_ART"}, ["error"]),
        ({"secondary_first_sub_category": "GAMES_WRD"}, ["error"]),
    ],
)
def test_a_slip_in_a_category_is_an_error_and_a_new_category_a_warning(
    categories: dict[str, str], levels: list[str]
) -> None:
    texts = {name: Text(value, Place("a.txt", 1)) for name, value in categories.items()}
    assert [finding.level for finding in check_categories(WantedPage(categories=texts))] == levels


@pytest.mark.parametrize(
    ("name", "value", "levels"),
    [
        ("MZGenre.UNRESTRICTED_WEB_ACCESS", 0, []),
        ("MZGenre.HORROR", 1, []),
        ("HORROR", 1, []),
        ("MZGenre.HORROR", 7, ["error"]),
    ],
)
def test_an_old_name_of_an_age_rating_question_is_checked_like_the_new_one(
    name: str, value: int, levels: list[str]
) -> None:
    assert [finding.level for finding in age_rating.check(WantedPage(age_rating={name: value}))] == levels


@pytest.mark.parametrize(("answer", "levels"), [("INFREQUENT_OR_MILD", []), ("NONE", ["error"])])
def test_two_names_of_one_age_rating_question_may_not_contradict_each_other(
    answer: str, levels: list[str]
) -> None:
    page = WantedPage(age_rating={"MZGenre.HORROR": 1, "horrorOrFearThemes": answer})
    assert [finding.level for finding in age_rating.check(page)] == levels


def test_a_linked_folder_of_review_information_is_not_read(tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"notes.txt": "secret"})
    metadata = write_files(tmp_path / "metadata", {"copyright.txt": "2026"})
    (metadata / "review_information").symlink_to(tmp_path / "elsewhere")
    page = read_folder(metadata)
    assert ([finding.rule for finding in page.findings], page.review) == (["symlink"], {})


def test_a_linked_metadata_folder_outside_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"copyright.txt": "secret"})
    (tmp_path / "metadata").symlink_to(tmp_path / "elsewhere")
    page = read_folder(tmp_path / "metadata")
    assert ([finding.rule for finding in page.findings], page.copyright) == (["symlink"], None)


def test_links_within_the_workspace_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "shared", {"name.txt": "Example"})
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata/ja").symlink_to(tmp_path / "shared")
    page = read_folder(Path("metadata"))
    assert (page.findings, page.texts["ja"]["name"].value) == ((), "Example")


def test_a_linked_folder_of_screenshots_outside_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "1.png").write_bytes(png())
    (tmp_path / "screenshots").mkdir()
    (tmp_path / "screenshots/ja").symlink_to(outside)
    shots = read_screenshots(tmp_path / "screenshots", "IOS")
    assert ([finding.rule for finding in shots.findings], shots.files) == (["symlink"], ())


@pytest.mark.parametrize(("orientation", "rules"), [(1, []), (6, ["image"])])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_picture_that_exif_turns_is_refused(
    tmp_path: Path, order: str, orientation: int, rules: list[str]
) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    note = b"Exif\0\0" + mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    picture = jpeg()
    path = tmp_path / "shots/ja/1.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(picture[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(note) + 2) + note + picture[2:])
    assert read_image(path).is_turned == bool(rules)
    assert [finding.rule for finding in read_screenshots(tmp_path / "shots", "IOS").findings] == rules


def test_calls_over_several_lines_and_signs_in_quotes_are_read_in_a_precheckfile(tmp_path: Path) -> None:
    path = tmp_path / "Precheckfile"
    path.write_text(
        'custom_text( # ours\n  data: ["C#", "widget"], # two\n  level: :warn\n)\n\ntest_words(level: :skip)\n'
    )
    file = read_precheckfile(path)
    assert (file.words, file.levels, file.findings) == (
        ("C#", "widget"),
        {"custom_text": "warn", "test_words": "skip"},
        (),
    )
