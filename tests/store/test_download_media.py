"""download-app-store and pictures: given these sets at Apple, these files, and no write of update-app-store."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from asc.store.manifest import read_manifest
from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from sandbox.store import jpeg, png
from store.pages import update, world, writes
from store.test_download import contents, download
from store.test_update_previews import movie
from store.test_update_screenshots import shots, shown, write_pictures
from support import forked
from support.sandbox import start_sandbox
from support.step_environment import step_environment
from support.store import texts
from support.waiting import LONGEST, wait_until

ALL = {
    **{f"en-US/{number}.png": png(shade=number) for number in (1, 2, 10)},
    "en-US/watch.jpg": jpeg(416, 496),
    "de-DE/1.png": png(shade=5),
    "iMessage/en-US/1.png": png(shade=6),
}


def bare(*locales: str) -> dict[str, object]:
    """A world whose version 2.0 has texts in these locales, and no pictures."""
    found = world()
    pages = [texts(locale, appScreenshotSets=[]) for locale in locales or ("en-US", "de-DE")]
    found["apps"][0]["appStoreVersions"][1]["appStoreVersionLocalizations"] = pages
    return found


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox with all pictures and a preview, which update-app-store put there."""
    folder = write_pictures(tmp_path / "originals", ALL)
    videos = write_pictures(tmp_path / "videos", {"en-US/1 IPHONE_67.mp4": movie()})
    with start_sandbox(bare(), store=Store(media=0.0)) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder, previews=videos)
        assert done.code == 0, done.stdout
        yield sandbox


def pictures_fetched(sandbox: Sandbox) -> int:
    return sum(entry.path.startswith("/pictures/") for entry in sandbox.requests)


def again_unchanged(tmp_path: Path, sandbox: Sandbox) -> None:
    """Assert that update-app-store writes nothing with what was downloaded."""
    before = writes(sandbox)
    folder = tmp_path / "fastlane"
    previews = folder / "previews"
    done = update(
        tmp_path,
        sandbox,
        screenshots=folder / "screenshots",
        previews=previews if previews.is_dir() else "none",
    )
    assert (done.code, done.outputs["changed"], writes(sandbox)) == (0, "false", before), done.stdout


def test_update_app_store_finds_downloaded_pictures_and_previews_unchanged(
    tmp_path: Path, filled: Sandbox
) -> None:
    done = download(tmp_path, filled, include="screenshots, previews")
    assert done.code == 0, done.stdout
    names = {name for name in contents(tmp_path / "fastlane") if ".asc-media" not in name}
    assert names == {
        "screenshots/en-US/01_APP_IPHONE_67.png",
        "screenshots/en-US/02_APP_IPHONE_67.png",
        "screenshots/en-US/03_APP_IPHONE_67.png",
        "screenshots/en-US/01_APP_WATCH_SERIES_10.jpg",
        "screenshots/de-DE/01_APP_IPHONE_67.png",
        "screenshots/iMessage/en-US/01_IMESSAGE_APP_IPHONE_67.png",
        "previews/en-US/01_IPHONE_67.mp4",
    }
    assert done.outputs["written"] == "7"
    again_unchanged(tmp_path, filled)


def test_a_second_download_fetches_no_picture_and_leaves_the_same_bytes(
    tmp_path: Path, filled: Sandbox
) -> None:
    download(tmp_path, filled)
    before, fetched = contents(tmp_path / "fastlane"), pictures_fetched(filled)
    again = download(tmp_path, filled)
    assert (again.code, again.outputs["written"]) == (0, "0")
    assert (contents(tmp_path / "fastlane"), pictures_fetched(filled)) == (before, fetched)


def test_originals_stay_and_are_not_downloaded_beside(tmp_path: Path, filled: Sandbox) -> None:
    own = write_pictures(tmp_path / "fastlane/screenshots", ALL)
    before = contents(own)
    done = download(tmp_path, filled, include="screenshots")
    after = {name: data for name, data in contents(own).items() if name != ".asc-media.json"}
    assert (done.code, done.outputs["written"], after) == (0, "0", before)
    again_unchanged(tmp_path, filled)


def test_a_picture_that_apple_no_longer_shows_goes_but_not_one_that_somebody_changed(
    tmp_path: Path, filled: Sandbox
) -> None:
    download(tmp_path, filled, include="screenshots")
    folder = tmp_path / "fastlane/screenshots"
    (folder / "en-US/03_APP_IPHONE_67.png").write_bytes(png(shade=77))
    write_pictures(folder, {"en-US/mine.png": png(shade=78)})
    assert (
        update(
            tmp_path, filled, screenshots=write_pictures(tmp_path / "other", shots(1)), locales="en-US"
        ).code
        == 0
    )
    assert download(tmp_path, filled, include="screenshots").code == 0
    assert sorted(path.name for path in (folder / "en-US").iterdir() if "WATCH" not in path.name) == [
        "01_APP_IPHONE_67.png",
        "03_APP_IPHONE_67.png",
        "mine.png",
    ]


def test_a_download_that_breaks_goes_on_and_a_failed_one_leaves_no_half_file(
    tmp_path: Path, filled: Sandbox
) -> None:
    filled.add_fault("GET /pictures/*/* truncate")
    filled.add_fault("GET /pictures/*/* status=404 after=3")
    done = download(tmp_path, filled, include="screenshots")
    files = {name for name in contents(tmp_path / "fastlane/screenshots") if "json" not in name}
    assert (done.code != 0, len(files)) == (True, 5)
    again = download(tmp_path, filled, include="screenshots")
    assert (again.code, again.outputs["written"]) == (0, "1")
    again_unchanged(tmp_path, filled)


def test_a_cancelled_download_leaves_no_part_of_a_picture(tmp_path: Path, filled: Sandbox) -> None:
    filled.add_fault("GET /pictures/*/* hang times=always")
    inputs = {"bundle-id": "com.example.app", "directory": str(tmp_path / "fastlane")}
    env = step_environment(tmp_path, "download-app-store", inputs, filled)
    step = forked.start([], env)
    wait_until(lambda: filled.faults_hit == len(ALL))
    step.terminate()
    assert step.wait(LONGEST) == 128 + signal.SIGTERM
    assert not list((tmp_path / "fastlane").rglob("*.asc-part"))


def test_hidden_parts_that_a_killed_download_left_go_after_a_day(tmp_path: Path, filled: Sandbox) -> None:
    folder = tmp_path / "fastlane/screenshots/en-US"
    folder.mkdir(parents=True)
    old, young = folder / ".0123456789abcdef.asc-part", folder / ".fedcba9876543210.asc-part"
    for part in (old, young):
        part.touch()
    os.utime(old, (0, 0))
    assert download(tmp_path, filled, include="screenshots").code == 0
    assert (old.exists(), young.exists()) == (False, True)


def test_pictures_of_the_live_version_are_those_of_the_live_version(tmp_path: Path, filled: Sandbox) -> None:
    done = download(tmp_path, filled, target="live", include="screenshots")
    assert (done.code, done.outputs["written"]) == (0, "1")


def test_a_manifest_never_leads_to_a_file_outside_of_its_folder(tmp_path: Path, filled: Sandbox) -> None:
    download(tmp_path, filled, include="screenshots")
    outside = tmp_path / "fastlane/en-US"
    outside.mkdir()
    (outside / "1.png").write_bytes(png(shade=1))
    path = tmp_path / "fastlane/screenshots/.asc-media.json"
    entries = json.loads(path.read_text())
    md5 = hashlib.md5(png(shade=1), usedforsecurity=False).hexdigest()
    entry = {**entries["files"]["en-US/01_APP_IPHONE_67.png"], "md5": md5}
    path.write_text(json.dumps({"files": {"../en-US/1.png": entry}}))
    assert download(tmp_path, filled, include="screenshots").code == 0
    assert (outside / "1.png").exists()


def test_a_set_keeps_apples_order_when_originals_and_downloads_lie_side_by_side(
    tmp_path: Path, filled: Sandbox
) -> None:
    write_pictures(tmp_path / "fastlane/screenshots", {"en-US/10.png": ALL["en-US/10.png"]})
    assert download(tmp_path, filled, include="screenshots").outputs["written"] == "5"
    again_unchanged(tmp_path, filled)
    assert [name for name, _ in shown(filled)] == ["1.png", "2.png", "10.png"]


@pytest.mark.parametrize("include", ["screenshot", "texts"])
def test_an_unknown_part_is_refused_before_anything_is_sent(
    tmp_path: Path, filled: Sandbox, include: str
) -> None:
    before = len(filled.requests)
    assert (download(tmp_path, filled, include=include).code, len(filled.requests)) == (2, before)


def test_a_page_in_place_of_a_picture_is_fetched_again_and_never_kept(
    tmp_path: Path, filled: Sandbox
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    filled.add_fault("GET /pictures/*/* html times=1")
    assert download(first, filled).code == 0
    filled.add_fault("GET /pictures/*/* html times=always")
    done = download(second, filled)
    found = [path for path in second.rglob("*.png") if path.read_bytes()[1:4] != b"PNG"]
    assert (done.code, found) == (3, [])


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"files": [1]}', b'{"files": {"en-US/1.png": {"md5": 1}}}', b"[" * 100_000, b"\xff"],
)
def test_a_damaged_manifest_is_passed_over(tmp_path: Path, filled: Sandbox, content: bytes) -> None:
    download(tmp_path, filled, include="screenshots")
    (tmp_path / "fastlane/screenshots/.asc-media.json").write_bytes(content)
    assert download(tmp_path, filled, include="screenshots").outputs["written"] in ("0", "6")
    again_unchanged(tmp_path, filled)


def test_a_manifest_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".asc-media.json").symlink_to("/dev/zero")
    assert read_manifest(tmp_path) == {}
