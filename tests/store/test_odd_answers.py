"""Apple's odd answers, and other people who work on the same page: a clear end, and nothing of theirs is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asc.store import previews, screenshots
from asc_sandbox.plans import Store
from core.running import Done, in_job
from sandbox.store import png
from store.made_media import movie
from store.pages import BUNDLE_ID, page_of, update, world, write_files, writes
from store.test_update_screenshots import complete, shown, write_pictures
from support.sandbox import app, build, seed, start_sandbox, store_version
from support.store import ready_version
from support.waiting import wait_until


def to_submit(**version: Any) -> dict[str, Any]:
    """An app with a version that can be submitted."""
    builds = [build("2.0", "8", id="BUILD-8", usesNonExemptEncryption=False)]
    versions = [
        store_version("1.0", createdDate="300 days ago"),
        ready_version("2.0", build="BUILD-8", **version),
    ]
    return seed(apps=[app(BUNDLE_ID, id="1000000001", builds=builds, versions=versions)])


def submit(folder: Path, sandbox: Any, **inputs: str) -> Done:
    given = {"bundle-id": BUNDLE_ID, "version": "2.0", "timeout": "20s", **inputs}
    return in_job(folder, given, sandbox=sandbox, command="submit-app-store")


def test_a_key_that_may_not_read_submissions_is_told_its_role_and_nothing_is_written(tmp_path: Path) -> None:
    with start_sandbox(to_submit(), faults=["GET /v1/reviewSubmissions status=403 times=always"]) as sandbox:
        done = submit(tmp_path, sandbox)
        assert (done.code, writes(sandbox), "App Manager" in done.error) == (1, [], True)


@pytest.mark.parametrize("command", ["update-app-store", "submit-app-store", "check-app-store"])
def test_an_unknown_state_is_named_and_never_a_bug(tmp_path: Path, command: str) -> None:
    files = write_files(tmp_path / "m", {"en-US/description.txt": "New."})
    inputs = {
        "bundle-id": BUNDLE_ID,
        "version": "2.0",
        "timeout": "1s",
        "metadata": str(files),
        "urls": "false",
    }
    mine = {
        "update-app-store": ("bundle-id", "version", "metadata", "timeout"),
        "submit-app-store": ("bundle-id", "version", "timeout"),
        "check-app-store": ("bundle-id", "version", "metadata", "urls"),
    }[command]
    with start_sandbox(to_submit(appVersionState="IN_ORBIT"), expect_violations=True) as sandbox:
        done = in_job(tmp_path, {name: inputs[name] for name in mine}, sandbox=sandbox, command=command)
    assert "bug" not in done.stdout, done.stdout
    assert done.code in (0, 1)
    if command == "update-app-store":
        assert (done.code, "IN_ORBIT" in done.error) == (1, True)


def test_a_version_that_unlocks_late_is_submitted_after_it_is_withdrawn(tmp_path: Path) -> None:
    with start_sandbox(to_submit(), store=Store(verdict="never", cancel=0.6, lag=0.3)) as sandbox:
        assert submit(tmp_path, sandbox).code == 0
        taken = submit(tmp_path, sandbox, action="withdraw")
        assert (taken.code, taken.outputs["result"]) == (0, "withdrawn"), taken.stdout
        assert submit(tmp_path, sandbox).code == 0


def test_what_somebody_edits_meanwhile_is_kept(tmp_path: Path) -> None:
    with start_sandbox(world(), faults=["PATCH /v1/appStoreVersionLocalizations/* delay=0.5"]) as sandbox:

        def edit() -> None:
            wait_until(lambda: sandbox.faults_hit == 1)
            (text,) = [
                text
                for version in sandbox.world.all("appStoreVersions")
                if version.attributes["versionString"] == "2.0"
                for text in sandbox.world.related(version, "appStoreVersionLocalizations")
            ]
            sandbox.world.change(text, marketingUrl="https://example.com/theirs")

        other = threading.Thread(target=edit)
        other.start()
        done = update(tmp_path, sandbox, release_notes="Ours.")
        other.join()
        page = page_of(sandbox)["en-US"]
    assert (done.code, page["whatsNew"], page["marketingUrl"]) == (0, "Ours.", "https://example.com/theirs")


def test_two_runs_at_once_make_one_page(tmp_path: Path) -> None:
    files = write_files(tmp_path / "m", {"fr-FR/name.txt": "Exemple", "fr-FR/description.txt": "Bien."})
    with start_sandbox(world(under_way=False)) as sandbox:
        folders = [tmp_path / "one", tmp_path / "other"]
        for folder in folders:
            folder.mkdir()
        given = {"bundle-id": BUNDLE_ID, "version": "2.0", "metadata": str(files), "release-notes": "New."}

        def run(folder: Path) -> Done:
            return in_job(folder, given, sandbox=sandbox, command="update-app-store", process=True)

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(run, folders))
        assert [one.code for one in done if one.code not in (0, 1)] == [], done
        assert run(folders[0]).code == 0
        page = page_of(sandbox)
        versions = [one.attributes["versionString"] for one in sandbox.world.all("appStoreVersions")]
    assert sorted(versions) == ["1.0", "2.0"]
    assert {locale: text["whatsNew"] for locale, text in page.items()} == {"en-US": "New.", "fr-FR": "New."}


def test_a_picture_that_apple_refuses_is_named_with_its_locale_and_the_old_one_stays(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", {"en-US/new.png": png(shade=7)})
    with start_sandbox(world(), store=Store(media=0, media_outcome="failed")) as sandbox:
        before = shown(sandbox)
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, "new.png" in done.error, "en-US" in done.error) == (1, True, True)
        assert [one for one in shown(sandbox) if one in before] == before


def test_a_part_whose_address_is_over_gets_another(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", {"en-US/1.png": png(shade=7)})
    with start_sandbox(world(), store=Store(media=0), faults=["PUT /uploads/*/* status=403"]) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        if done.code:
            done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, shown(sandbox)) == (0, complete("1.png")), done.stdout


@pytest.mark.parametrize(
    ("module", "kind", "name", "content"),
    [
        (screenshots, "screenshots", "1.png", png()),
        (previews, "previews", "IPHONE_67.mp4", movie()),
    ],
)
def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, kind: str, name: str, content: bytes
) -> None:
    monkeypatch.setattr(module, "LARGEST", len(content) - 1)
    folder = write_pictures(tmp_path / kind, {f"en-US/{name}": content})
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, **{kind: folder})
        assert (done.code, list(sandbox.requests), str(len(content)) in done.error) == (2, [], True)


@pytest.mark.parametrize(
    ("files", "inputs"),
    [
        ({"en-US/name.txt": "Example", "EN-us/name.txt": "Other"}, {}),
        ({"en-US/name.txt": b"\xff\xfe"}, {}),
        ({"notes.md": "nothing of a store page"}, {}),
        ({"en-US/name.txt": "Example"}, {"version": "2.0.0.1"}),
        ({"en-US/name.txt": "Example"}, {"version": "two"}),
        ({"en-US/name.txt": "Example"}, {"categories": "primary_category: BOOKZ"}),
        ({"en-US/name.txt": "Example"}, {"target": "live", "review_info": "notes: x"}),
        ({"en-US/name.txt": "Example"}, {"age_rating": "kidsAgeBand"}),
        ({"en-US/name.txt": "Example"}, {"locales": "deutsch"}),
    ],
)
def test_input_that_cannot_be_meant_is_refused_before_anything_is_sent(
    tmp_path: Path, files: dict[str, Any], inputs: dict[str, str]
) -> None:
    folder = tmp_path / "m"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, metadata=folder, **inputs)
        assert (done.code, list(sandbox.requests)) == (2, []), done.stdout
