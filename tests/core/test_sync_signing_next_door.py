"""match's files lie in another branch or folder than the named one: nobody is led to a second certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.signing.storage.nearby import folders
from core.signing import APP, BOTH, READ_ONLY, Store, apple, certificates, folder_store, git_store, step


def filled(tmp_path: Path) -> tuple[Store, dict[str, bytes]]:
    """A store, and what a run put into it."""
    store = folder_store(tmp_path, "filled")
    with apple() as sandbox:
        assert step(tmp_path, sandbox, store).code == 0
    return store, store.files()


def in_branch(tmp_path: Path) -> Store:
    """A repository whose branch `fastlane` has the files, and `main` none."""
    _, files = filled(tmp_path)
    store = git_store(tmp_path)
    from signing.storage.places import someone_commits

    for name, content in files.items():
        someone_commits(store.path, name, content, "fastlane")
    someone_commits(store.path, "Notes.txt", b"Notes", "main")
    return store


def test_read_only_names_the_branch_with_matchs_files_and_advises_no_sync(tmp_path: Path) -> None:
    done = step(tmp_path, None, in_branch(tmp_path), READ_ONLY)
    assert done.code == 1
    assert "branch fastlane" in done.error and "Notes.txt" in done.error and "(default branch)" in done.error
    assert "mode: sync" not in done.error


def test_sync_in_an_empty_branch_makes_no_second_certificate(tmp_path: Path) -> None:
    store = in_branch(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store)
        assert (done.code, certificates(sandbox)) == (1, []), done.stdout
    assert "branch fastlane" in done.error


def test_a_branch_that_is_to_be_begun_is_begun_beside_another_one(tmp_path: Path) -> None:
    store = in_branch(tmp_path)
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"branch": "team-b", "create-branch": "true"})
        assert done.code == 0, done.stdout
    assert "branch fastlane" in done.stdout


def test_read_only_names_the_folder_beside(tmp_path: Path) -> None:
    filled(tmp_path)
    done = step(tmp_path, None, folder_store(tmp_path, "other"), READ_ONLY)
    assert done.code == 1
    assert f"folder {tmp_path / 'filled'}" in done.error and "mode: sync" not in done.error


@pytest.mark.parametrize("mode", ["read-only", "sync"])
def test_a_tree_in_a_folder_of_the_storage_is_named(tmp_path: Path, mode: str) -> None:
    _, files = filled(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    store = folder_store(home)
    store.write({f"ios/signing/{name}": content for name, content in files.items()})
    with apple() as sandbox:
        done = step(tmp_path, sandbox, store, {"mode": mode})
        assert (done.code, certificates(sandbox)) == (1, [])
    assert "folder ios/signing" in done.error


def test_a_profile_that_is_missing_beside_its_certificate_is_to_be_made(tmp_path: Path) -> None:
    store, _ = filled(tmp_path)
    done = step(tmp_path, None, store, {**READ_ONLY, **BOTH})
    assert done.code == 1 and "mode: sync" in done.error


def test_folders_of_match_are_told_by_their_trees() -> None:
    assert folders(
        ["certs/x.cer", "a/certs/distribution/A.cer", f"profiles/appstore/AppStore_{APP}.mobileprovision"]
    ) == ("", "a")
