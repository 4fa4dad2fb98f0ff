"""download-app-store: given this page at Apple, these files, and nothing for update-app-store to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from store.pages import BUNDLE_ID, page_of, update, world, write_files, writes
from support.sandbox import start_sandbox

RICH = {
    "en-US/description.txt": "One.\n\nTwo — “ü”.",
    "en-US/name.txt": "Example",
    "en-US/subtitle.txt": "Notes",
    "de-DE/name.txt": "Beispiel",
    "primary_category.txt": "GAMES",
    "primary_first_sub_category.txt": "GAMES_WORD",
    "review_information/notes.txt": "Tap the button.",
    "review_information/demo_user.txt": "tester",
    "review_information/demo_password.txt": "not-in-a-file",
}


def download(folder: Path, sandbox: Sandbox, **inputs: str) -> Done:
    given = {"bundle-id": BUNDLE_ID, "directory": str(folder / "fastlane"), **inputs}
    return in_job(folder, given, sandbox=sandbox, command="download-app-store")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_update_app_store_writes_nothing_after_a_download(tmp_path: Path) -> None:
    given = write_files(tmp_path / "given", RICH)
    with start_sandbox(world(("en-US", "de-DE"))) as sandbox:
        assert update(tmp_path, sandbox, metadata=given).code == 0
        before = writes(sandbox)
        done = download(tmp_path, sandbox)
        assert done.code == 0, done.stdout
        files = contents(Path(done.outputs["metadata"]))
        again = update(tmp_path, sandbox, metadata=done.outputs["metadata"])
        assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before), again.stdout
    assert files["en-US/description.txt"] == "One.\n\nTwo — “ü”.\n".encode()
    assert files["de-DE/name.txt"] == b"Beispiel\n"
    assert files["primary_first_sub_category.txt"] == b"GAMES_WORD\n"
    assert files["review_information/demo_required.txt"] == b"true\n"
    assert b"not-in-a-file" not in b"".join(files.values())


def test_a_second_download_writes_nothing_and_deletes_nothing(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        first = download(tmp_path, sandbox)
        own = write_files(Path(first.outputs["metadata"]), {"en-US/mine.txt": "Mine.", "ja/name.txt": "例"})
        before = contents(own)
        again = download(tmp_path, sandbox)
    assert (again.code, again.outputs["written"]) == (0, "0")
    assert contents(own) == before


def test_a_text_that_apple_no_longer_has_becomes_an_empty_file(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "fastlane/metadata", {"en-us/marketing_url.txt": "https://example.com"})
    with start_sandbox(world()) as sandbox:
        assert download(tmp_path, sandbox).code == 0
    files = contents(folder)
    assert files["en-us/marketing_url.txt"] == b""
    assert not any(name.startswith("en-US/") for name in files)


def test_target_live_writes_the_texts_of_the_live_version(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        update(tmp_path, sandbox, texts="en-US: {description: Next.}")
        done = download(tmp_path, sandbox, target="live")
    assert (done.code, done.outputs["version"]) == (0, "1.0")
    assert contents(Path(done.outputs["metadata"]))["en-US/description.txt"] == b"An example.\n"


def test_locales_limit_the_folders(tmp_path: Path) -> None:
    with start_sandbox(world(("en-US", "de-DE"))) as sandbox:
        done = download(tmp_path, sandbox, locales="de-de")
    folders = {name.split("/")[0] for name in contents(Path(done.outputs["metadata"])) if "/" in name}
    assert folders == {"de-DE", "review_information"}


@pytest.mark.parametrize(
    "inputs", [{"version": "3.0"}, {"locales": "ja"}, {"target": "live", "version": "2.0"}]
)
def test_a_wish_that_apple_cannot_meet_writes_no_file(tmp_path: Path, inputs: dict[str, str]) -> None:
    with start_sandbox(world()) as sandbox:
        done = download(tmp_path, sandbox, **inputs)
    assert (done.code, (tmp_path / "fastlane").exists()) == (1, False)


@pytest.mark.parametrize("link", ["fastlane", "fastlane/metadata", "fastlane/metadata/en-US"])
def test_a_link_out_of_the_workspace_is_not_written_through(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(outside)
    with start_sandbox(world()) as sandbox:
        done = download(tmp_path, sandbox)
    assert (done.code, list(outside.iterdir()), contents(tmp_path / "fastlane")) == (1, [], {})


def test_a_locale_that_would_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        for text in sandbox.world.all("appStoreVersionLocalizations"):
            text.attributes["locale"] = "../../up"
        assert page_of(sandbox)
        done = download(tmp_path, sandbox)
    assert (done.code, (tmp_path / "fastlane").exists()) == (1, False)
