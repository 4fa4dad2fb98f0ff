"""Git with local bare repositories: branches, refused pushes, hostile trees."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from asc.api.clock import Clock
from asc.signing.storage import Changes, Files, StorageError, open_storage
from asc.signing.storage.git.remote import Remote
from signing.storage.git_server import git
from signing.storage.places import Place, options, someone_commits, tree

ADD = Changes({"certs/distribution/A.p12": b"key"})


def add(files: Files) -> Changes:
    return ADD


def history(place: Place, branch: str = "master") -> list[str]:
    shown = git("--git-dir", str(place.more["repository"]), "log", "--format=%s|%an|%ae", branch)
    return shown.decode().splitlines()


def hook(place: Place, text: str, name: str = "pre-receive") -> None:
    path = place.more["repository"] / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_one_commit_for_each_change(repository: Place) -> None:
    name = "app-store-connect-actions"
    author = f"{name}|{name}@users.noreply.github.com"
    storage = repository.open()
    storage.update(add, "[fastlane] Updated appstore and platform ios")
    storage.update(lambda files: Changes({"README.md": b"hi"}), "Größer & “besser”")
    assert history(repository) == [
        f"Größer & “besser”|{author}",
        f"[fastlane] Updated appstore and platform ios|{author}",
    ]
    assert not git("--git-dir", str(repository.more["repository"]), "fsck", "--strict")


def test_one_change_of_two_writers_in_one_second_is_two_commits(repository: Place) -> None:
    """Otherwise a writer whose push was refused could take the other's commit for its own, and lose a change."""
    bare = str(repository.more["repository"])
    commits = set()
    for _ in range(2):
        repository.open(clock=Clock(now=lambda: 1_800_000_000.0)).update(add, "Add")
        commits.add(git("--git-dir", bare, "rev-parse", "master"))
        git("--git-dir", bare, "update-ref", "-d", "refs/heads/master")
    assert len(commits) == 2


def test_the_clone_is_private_and_goes(repository: Place, tmp_path: Path) -> None:
    storage = repository.open()
    storage.update(add, "Add")
    (clone,) = tmp_path.glob("asc-signing-*")
    assert oct(clone.stat().st_mode & 0o777) == "0o700"
    assert not [path for path in clone.rglob("*") if path.suffix == ".p12"]
    del storage
    assert not list(tmp_path.glob("asc-signing-*"))


def test_the_default_branch_is_the_one_that_head_names(repository: Place) -> None:
    where = repository.more["repository"]
    git("--git-dir", str(where), "symbolic-ref", "HEAD", "refs/heads/certificates")
    someone_commits(where, "a", b"1", "certificates")
    someone_commits(where, "b", b"2", "other")
    storage = repository.open()
    assert storage.read() == {"a": b"1"}
    storage.update(add, "Add")
    assert tree(where, "certificates") == {"a": b"1", **ADD.put}
    assert "branch certificates" in storage.label


def test_match_writes_to_master_whatever_the_default_branch_is(repository: Place) -> None:
    where = repository.more["repository"]
    git("--git-dir", str(where), "symbolic-ref", "HEAD", "refs/heads/main")
    someone_commits(where, "README.md", b"1", "main")
    someone_commits(where, "certs/distribution/A.cer", b"2", "master")
    storage = repository.open()
    assert storage.read() == {"certs/distribution/A.cer": b"2"}
    storage.update(add, "Add")
    assert tree(where, "main") == {"README.md": b"1"}
    assert "branch master" in storage.label
    someone_commits(where, "match_version.txt", b"3", "main")
    assert "match_version.txt" in repository.open().read(), "the default branch is the one"


def test_a_head_that_leads_nowhere(repository: Place) -> None:
    where = repository.more["repository"]
    git("--git-dir", str(where), "symbolic-ref", "HEAD", "refs/heads/main")
    someone_commits(where, "a", b"1", "master")
    assert repository.open().read() == {"a": b"1"}


def test_a_branch_that_is_not_there(repository: Place) -> None:
    where = repository.more["repository"]
    someone_commits(where, "a", b"1")
    with pytest.raises(StorageError, match="master") as caught:
        repository.open(branch="team-b").read()
    assert caught.value.input == "branch"
    storage = repository.open(branch="team-b", create_branch=True)
    assert storage.read() == {}
    storage.prove_writable()
    storage.update(add, "Begin")
    assert tree(where, "team-b") == ADD.put
    assert tree(where) == {"a": b"1"}


@pytest.mark.parametrize(
    "branch", ["-x", "a..b", "a b", "a:b", "refs/../x", "a.lock", "a~1", "/a", "a/", "a\n"]
)
def test_names_that_are_no_branch(repository: Place, branch: str) -> None:
    with pytest.raises(StorageError, match="branch"):
        repository.open(branch=branch)


def test_a_push_that_is_refused_once(repository: Place) -> None:
    hook(
        repository, 'test -e "$GIT_DIR/once" && exit 0; touch "$GIT_DIR/once"; echo "Come back later"; exit 1'
    )
    assert repository.open().update(add, "Add") == ADD.put == repository.contents()


def test_a_push_that_is_refused_always(repository: Place) -> None:
    hook(repository, 'printf "No \\033[31mkeys\\033[0m here\\n"; exit 1')
    with pytest.raises(StorageError, match="keys") as caught:
        repository.open().update(add, "Add")
    assert "keys" in caught.value.message
    assert "hook declined" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert repository.contents() == {}


def test_a_hook_with_the_words_of_a_race_is_told_with_its_words(repository: Place) -> None:
    hook(repository, 'echo "A file of that name already exists"; echo x >> "$GIT_DIR/asked"; exit 1')
    with pytest.raises(StorageError) as caught:
        repository.open().update(add, "Add")
    assert "hook declined" in caught.value.message
    assert (repository.more["repository"] / "asked").read_text().count("x") < 10


def test_a_protected_branch_is_told_with_the_reason_of_the_host(repository: Place) -> None:
    hook(repository, 'echo "GH006: Protected branch update failed"; echo x >> "$GIT_DIR/asked"; exit 1')
    with pytest.raises(StorageError, match="GH006"):
        repository.open().update(add, "Add")
    assert (repository.more["repository"] / "asked").read_text() == "x\n"


def test_a_push_that_is_overtaken_is_made_again_on_the_new_commit(repository: Place) -> None:
    """Another writer's commit, to the same file, lands after our fetch: at the server's last check."""
    where = repository.more["repository"]
    someone_commits(where, "shared", b"base")
    other = where.parent / "other.git"
    git("clone", "--quiet", "--bare", str(where), str(other))
    someone_commits(other, "shared", b"base theirs")
    push = f"git --git-dir={other} push -q file://{where} master"
    hook(repository, f'test -e "$GIT_DIR/once" && exit 0; touch "$GIT_DIR/once"; env -i PATH="$PATH" {push}')
    seen = []

    def change(files: Files) -> Changes:
        seen.append(files["shared"])
        return Changes({"shared": files["shared"] + b" ours"})

    assert (
        repository.open().update(change, "Ours") == {"shared": b"base theirs ours"} == repository.contents()
    )
    assert seen == [b"base", b"base theirs"]


def test_a_push_that_is_always_overtaken_ends_after_4_attempts(repository: Place) -> None:
    where = repository.more["repository"]
    calls = []

    def change(files: Files) -> Changes:
        calls.append(1)
        someone_commits(where, "theirs", str(len(calls)).encode())
        return ADD

    with pytest.raises(StorageError, match="4"):
        repository.open(attempts=4).update(change, "Add")
    assert repository.contents() == {"theirs": b"4"}


def test_a_branch_that_another_writer_begins_between_two_looks(
    repository: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an empty repository, when somebody makes the first commit while it is looked at, then that is read."""
    storage = repository.open()
    assert storage.read() == {}
    heads = Remote._heads

    def begun(remote: Remote) -> tuple[str, set[str]]:
        someone_commits(repository.more["repository"], "theirs", b"1")
        return heads(remote)

    monkeypatch.setattr(Remote, "_heads", begun)
    assert storage.read() == {"theirs": b"1"}


def raw_tree(where: Path, *entries: tuple[str, str, bytes]) -> str:
    """A tree object with whatever names; git's own commands would refuse some."""
    body = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha.decode()) for mode, name, sha in entries
    )
    made = git(
        "--git-dir", str(where), "hash-object", "-t", "tree", "--literally", "-w", "--stdin", data=body
    )
    return made.decode().strip()


def test_a_hostile_tree(repository: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    where = repository.more["repository"]
    blob = git("--git-dir", str(where), "hash-object", "-w", "--stdin", data=b"x").strip()
    inner = raw_tree(where, ("100644", "config", blob), ("100644", "x", blob)).encode()
    top = raw_tree(
        where,
        ("100644", "-rf", blob),
        ("40000", "..", inner),
        ("40000", ".git", inner),
        ("100644", "A", blob),
        ("100644", "a", blob),
        ("100755", "run.sh", blob),
        ("120000", "link", blob),
        ("160000", "module", blob),
        ("100644", "new\nline\x1b[31m", blob),
    )
    commit = git("--git-dir", str(where), "commit-tree", "-m", "x", top).decode().strip()
    git("--git-dir", str(where), "update-ref", "refs/heads/master", commit)
    before = sorted(tmp_path.rglob("config"))
    storage = repository.open()
    with caplog.at_level(logging.WARNING):
        assert storage.read() == {"A": b"x", "run.sh": b"x"}
    for part in (
        "“-rf”",
        "“../config”",
        "“.git/x”",
        "skipped “a”",
        "a symbolic link",
        "a submodule",
        "“new�line�[31m”",
    ):
        assert part in caplog.text
    assert [path for path in sorted(tmp_path.rglob("config")) if "asc-signing" not in str(path)] == before
    # What was left out stays where it is: a link and a submodule are the team's own.
    git("--git-dir", str(where), "config", "receive.fsckObjects", "false")
    assert storage.update(add, "Add") == {"A": b"x", "run.sh": b"x", **ADD.put}
    listed = git("--git-dir", str(where), "ls-tree", "master").decode()
    assert "120000 blob" in listed
    assert "160000 commit" in listed
    assert "100755 blob" in listed


def test_no_hook_of_the_machine_runs_in_the_clone(repository: Place, tmp_path: Path) -> None:
    """Its configuration is read where there is neither token nor key. (The other side is on this machine, too.)"""
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    mark = home / "mark"
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        (home / "hooks" / name).write_text(f"#!/bin/sh\necho {name} $GIT_DIR >> {mark}\n")
        (home / "hooks" / name).chmod(0o755)
    (home / ".gitconfig").write_text(f"[core]\nhooksPath = {home}/hooks\n")
    environment = {**repository.options.environment, "HOME": str(home)}
    repository.open(environment=environment).update(add, "Add")
    ran = mark.read_text()
    assert "certificates.git" in ran or "reference-transaction ." in ran
    assert "asc-signing-" not in ran
    assert "pre-push" not in ran


def test_a_repository_that_may_not_be_written(repository: Place) -> None:
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    objects = repository.more["repository"] / "objects"
    objects.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="may be read but not written"):
            repository.open().prove_writable()
    finally:
        objects.chmod(0o755)


def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere\.git"):
        open_storage(f"git+file://{tmp_path}/nowhere.git", options(temporary=tmp_path)).read()


def test_without_git_the_storage_is_an_error(repository: Place, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="git command"):
        repository.open(environment={"PATH": str(tmp_path)}).read()


def test_a_damaged_repository_is_an_error_of_the_storage(repository: Place) -> None:
    where = repository.more["repository"]
    someone_commits(where, "a", b"1" * 50)
    for path in [*where.glob("objects/??/*"), *where.glob("objects/pack/*")]:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(StorageError):
        repository.open().read()
