"""check-app-store: given these files, these findings at these lines, and no others; without a key."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from asc import store
from asc.commands.check_app_store.inputs import OURS, RULES
from asc.formats.images import ImageError, read_image
from core.running import Done, in_job
from sandbox.store import jpeg, png
from store.pages import write_files

GOOD = {
    "en-US/name.txt": "Example",
    "en-US/description.txt": "An example.\nFor everybody.",
    "en-US/keywords.txt": "notes,lists",
    "copyright.txt": "2020 Example Team",
}


def check(folder: Path, files: dict[str, str], **inputs: object) -> Done:
    metadata = write_files(folder / "metadata", files)
    given = {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    everything = {"metadata": str(metadata), "screenshots": "none", "urls": "false", "precheckfile": "none"}
    return in_job(folder, {**everything, **given}, command="check-app-store")


def report(done: Done) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.outputs["report"])
    return found


def test_a_check_without_files_is_a_wrong_input(tmp_path: Path) -> None:
    assert check(tmp_path, {}, metadata="none").code == 2


def test_good_files_have_no_findings_and_need_no_key(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD)
    assert (done.code, done.outputs["ready"], report(done)) == (0, "true", []), done.stdout


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("negative_apple_sentiment", "We mended an iOS  bug."),
        ("negative_apple_sentiment", "Two Safari bugs."),
        ("other_platforms", "Find us with Google."),
        ("other_platforms", "Also on Windows 10 Mobile."),
        ("placeholder_text", "Lorem ipsum."),
        ("other_platforms", "Also on Android."),
        ("future_functionality", "Widgets are coming\nsoon."),
        ("test_words", "This is just a test"),
    ],
)
def test_a_word_that_reviewers_object_to_is_a_warning_at_its_line(
    tmp_path: Path, rule: str, text: str
) -> None:
    done = check(tmp_path, {**GOOD, "en-US/description.txt": f"One.\nTwo.\n{text}"})
    (finding,) = report(done)
    assert (done.code, finding["rule"], finding["level"], finding["line"]) == (0, rule, "warning", 3)
    assert "en-US" in finding["message"]
    assert ",line=3," in done.stdout or "line=3::" in done.stdout


def test_each_word_of_a_rule_is_named_once(tmp_path: Path) -> None:
    files = {**GOOD, "en-US/description.txt": "On Android, Symbian and android."}
    (finding,) = report(check(tmp_path, files))
    assert ("“Android”" in finding["message"], "“Symbian”" in finding["message"]) == (True, True)


@pytest.mark.parametrize(
    "text", ["A contesting app.", "Androids dream.", "Bugs of iOS.", "With Google Maps and Google Analytics."]
)
def test_a_part_of_a_word_is_no_finding(tmp_path: Path, text: str) -> None:
    assert report(check(tmp_path, {**GOOD, "en-US/description.txt": text})) == []


def test_forbidden_words_are_errors_and_fail_the_step(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD, forbidden_words="everybody")
    assert (done.code, done.outputs["errors"], done.outputs["ready"]) == (1, "1", "false")


@pytest.mark.parametrize("name", ["en-US/nothing-like-it.txt", "en-US/descripton.txt", "english/name.txt"])
def test_no_finding_ends_with_two_marks(tmp_path: Path, name: str) -> None:
    done = check(tmp_path, {**GOOD, name: "x"})
    assert "Rename it" in done.stdout
    assert not re.search(r"[.?][.?]", done.stdout), done.stdout


def test_levels_of_rules_and_of_the_step_are_kept(tmp_path: Path) -> None:
    files = {**GOOD, "en-US/name.txt": "Beta test"}
    assert check(tmp_path, files, fail_on="warning").code == 1
    assert check(tmp_path, files, rules="test_words: error").code == 1
    assert report(check(tmp_path, files, rules="default: skip")) == []
    assert check(tmp_path, files, rules="default: error", fail_on="never").code == 0
    assert check(tmp_path, files, rules="test_wrods: skip").code == 2


def test_a_precheckfile_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Precheckfile"
    path.write_text(
        '# ours\napp_identifier("com.example.app")\ntest_words(level: :skip)\n'
        'custom_text(data: ["everybody"], level: :warn)\nif foo\n'
    )
    done = check(tmp_path, {**GOOD, "en-US/subtitle.txt": "Beta test"}, precheckfile=path)
    assert [(one["rule"], one["level"], one["line"]) for one in report(done)] == [
        ("custom_text", "warning", 2),
        ("precheckfile", "warning", 5),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("Example Team", "no year"), ("2098 Example Team", "2098"), ("{year} Example Team", "")],
)
def test_a_copyright_has_a_year_that_has_come(tmp_path: Path, text: str, said: str) -> None:
    found = report(check(tmp_path, {**GOOD, "copyright.txt": text}))
    assert [said in one["message"] for one in found] == ([True] if said else [])


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/support", "https://localhost/", "http://169.254.169.254/"]
)
def test_addresses_that_only_the_runner_reaches_are_not_asked_for(tmp_path: Path, address: str) -> None:
    found = report(check(tmp_path, {**GOOD, "en-US/support_url.txt": address}, urls="true"))
    assert [(one["rule"], "public internet" in one["message"]) for one in found] == [
        ("unreachable_urls", True)
    ]


def test_emoji_wasted_keywords_and_texts_that_are_not_translated_are_warnings(tmp_path: Path) -> None:
    files = {
        **GOOD,
        "en-US/keywords.txt": "example, lists",
        "en-US/release_notes.txt": "New 🚀",
        "de-DE/description.txt": GOOD["en-US/description.txt"],
    }
    done = check(tmp_path, files)
    rules = sorted(one["rule"] for one in report(done))
    assert (done.code, rules) == (0, ["characters", "keywords", "keywords", "same-text"])


def test_a_yaml_file_is_checked_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "store.yml"
    path.write_text("en-US:\n  description: |\n    One.\n    Coming soon.\n  subtitle: " + "x" * 31 + "\n")
    done = in_job(tmp_path, {"metadata": str(path), "screenshots": "none"}, command="check-app-store")
    assert [(one["rule"], one["line"]) for one in report(done)] == [
        ("limits", 5),
        ("future_functionality", 4),
    ]


def test_pictures_are_checked_too(tmp_path: Path) -> None:
    folder = tmp_path / "shots/en-US"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(png(alpha=True))
    done = check(tmp_path, GOOD, screenshots=tmp_path / "shots")
    assert (done.code, [one["rule"] for one in report(done)]) == (1, ["image"])


@pytest.mark.parametrize(
    ("name", "again"),
    [("en-US", "en-us"), ("appleTV/en-US", "appleTV/en_US"), ("appleTV/en-US", "appletv/en-US")],
)
def test_two_folders_of_one_locale_are_an_error_for_pictures_too(
    tmp_path: Path, name: str, again: str
) -> None:
    for number, folder in enumerate((name, again)):
        picture = tmp_path / "shots" / folder / f"{number}.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(png(1920, 1080))
    platform = "tvos" if "TV" in name else "macos"
    done = check(tmp_path, GOOD, screenshots=tmp_path / "shots", platform=platform)
    assert "two-folders" in [one["rule"] for one in report(done)], done.everything
    assert done.code == 1


def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    metadata = write_files(tmp_path / "metadata", GOOD)
    (metadata / "en-US/subtitle.txt").symlink_to(tmp_path / "secret")
    done = check(tmp_path, {})
    assert (done.code, "hunter2" in done.everything) == (1, False)
    assert [one["rule"] for one in report(done)] == ["symlink"]


@pytest.mark.parametrize("content", [png(), jpeg()])
def test_every_cut_of_a_picture_is_an_image_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture"
    path.write_bytes(content)
    assert read_image(path).size == (1290, 2796)
    for length in [*range(min(len(content), 80)), len(content) - 3]:
        path.write_bytes(content[:length])
        with pytest.raises(ImageError):
            read_image(path)


def test_every_rule_that_a_finding_of_files_names_can_be_given_a_level() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(store.__path__[0]).glob("*.py"))
    named = set(re.findall(r"(?:Finding|_find|_refused)\(\s*\"([a-z_-]+)\"", source))
    assert "limits" in named
    assert named <= {*RULES, *OURS}


def test_an_error_is_told_also_if_the_outputs_cannot_be_written(tmp_path: Path) -> None:
    files = {**GOOD, "en-US/name.txt": "x" * 31}
    metadata = write_files(tmp_path / "metadata", files)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    given = {"metadata": str(metadata), "screenshots": "none", "urls": "false", "precheckfile": "none"}
    # As on a full disk: no file takes a byte, the runner's files of outputs and summary among them.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        done = in_job(tmp_path, given, command="check-app-store")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.code == 1
    assert any("31 characters" in message for message in done.log.messages("error"))
    assert any("outputs could not be written" in message for message in done.log.messages("warning"))
