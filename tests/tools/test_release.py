"""tools/release.py and the steps of release.yml that push, in repositories of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support.scratch import REPOSITORY

IMAGE = "registry.example/owner/repo/runtime@sha256:" + "1" * 64
FILES = {
    "pyproject.toml": '[project]\nname = "example"\nversion = "0.9.0"\ndependencies = ["x==0.9.0"]\n',
    "src/asc/__init__.py": '"""The core."""\n\n__version__ = "0.9.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n* Faster start.\n\n## 0.9.0 (2026-01-01)\n\n* The first.\n",
    "Dockerfile": "FROM scratch\n",
    "requirements.lock": "tiny==1.0\n",
    "image.lock": "",
}


class Repository:
    """A clone of a bare repository, with what a release looks at."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "origin.git"
        self.folder = folder / "clone"
        self.folder.mkdir(parents=True)
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.folder / "tools").mkdir()
        shutil.copy(REPOSITORY / "tools/release.py", self.folder / "tools")
        self.git("init", "-q", "-b", "main")
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin))
        self.git("remote", "add", "origin", str(self.origin))
        self.commit("All")
        self.git("push", "-q", "origin", "main")

    def git(self, *arguments: str) -> str:
        author = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *author, *arguments], cwd=self.folder, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def release(self, step: str, argument: str) -> subprocess.CompletedProcess[str]:
        names = {
            f"GIT_{who}_{what}": "tests@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            [sys.executable, "-I", "tools/release.py", step, argument],
            cwd=self.folder,
            env={**os.environ, **names},
            capture_output=True,
            text=True,
        )

    def ok(self, step: str, argument: str) -> str:
        done = self.release(step, argument)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, step: str, argument: str) -> str:
        done = self.release(step, argument)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def prepared(self, version: str) -> None:
        self.ok("prepare", version)
        self.commit(f"Version {version}")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_preparing_writes_the_version_and_dates_the_changelog(repository: Repository) -> None:
    repository.ok("prepare", "1.0.0")
    assert 'version = "1.0.0"\ndependencies = ["x==0.9.0"]' in repository.text("pyproject.toml")
    assert repository.text("src/asc/__init__.py").endswith('__version__ = "1.0.0"\n')
    assert repository.text("CHANGELOG.md").startswith("# Changelog\n\n## Unreleased\n\n## 1.0.0 (20")
    assert repository.ok("notes", "1.0.0") == "* Faster start.\n"
    assert "nothing under “Unreleased”" in repository.refused("prepare", "1.0.1")


def test_what_may_be_released(repository: Repository) -> None:
    assert "“one” is not a version" in repository.refused("check", "one")
    assert "pyproject.toml says 0.9.0, not 1.0.0" in repository.refused("check", "1.0.0")
    repository.prepared("1.0.0")
    said = repository.ok("check", "1.0.0")
    assert "image=missing\ntagged=false\n" in said
    repository.git("tag", "v1.1.0")
    assert "1.0.0 is older than 1.1.0, which is out" in repository.refused("check", "1.0.0")


def test_an_older_major_version_may_be_mended(repository: Repository) -> None:
    for tag in ("v2.0.0", "v1.0.0", "v1", "vanilla"):
        repository.git("tag", tag)
    repository.prepared("1.0.1")
    repository.ok("check", "1.0.1")
    repository.git("tag", "v1.2.0")
    assert "v1 would move back" in repository.refused("check", "1.0.1")


def test_the_tag_holds_the_image_that_was_built_from_its_files(repository: Repository) -> None:
    repository.prepared("1.0.0")
    repository.ok("lock", IMAGE)
    assert repository.ok("commit", "1.0.0").startswith("v1.0.0 v1 at ")
    assert repository.git("show", "v1.0.0:image.lock").startswith(IMAGE + " ")
    assert repository.git("rev-parse", "v1^{commit}") == repository.git("rev-parse", "v1.0.0^{commit}")
    assert "image=there\ntagged=true\n" in repository.ok("check", "1.0.0")


def test_the_launcher_takes_the_image_that_was_locked(repository: Repository) -> None:
    """Both reckon alike what an image was built from."""
    repository.ok("lock", IMAGE)
    reckoned = subprocess.run(
        "cat Dockerfile requirements.lock | sha256sum | cut -c 1-24",
        shell=True,
        cwd=repository.folder,
        capture_output=True,
        text=True,
    ).stdout
    assert repository.text("image.lock") == f"{IMAGE} {reckoned}"
    assert 'cat "$root/Dockerfile" "$lock" | sha256sum | cut -c 1-24' in (REPOSITORY / "bin/run").read_text()


def test_a_release_never_changes(repository: Repository) -> None:
    repository.prepared("1.0.0")
    repository.ok("lock", IMAGE)
    repository.ok("commit", "1.0.0")
    (repository.folder / "new").touch()
    repository.commit("More")
    assert "there already, at another commit" in repository.refused("check", "1.0.0")


def test_a_tag_by_hand_needs_an_image_that_serves(repository: Repository) -> None:
    repository.prepared("1.0.0")
    repository.git("tag", "v1.0.0")
    assert "Delete the tag and start the workflow by hand" in repository.refused("check", "1.0.0")


def test_an_image_serves_the_releases_that_leave_its_files_alone(repository: Repository) -> None:
    repository.prepared("1.0.0")
    repository.ok("lock", IMAGE)
    repository.ok("commit", "1.0.0")
    changelog = repository.folder / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## Unreleased\n", "## Unreleased\n\n* Mended.\n"))
    repository.prepared("1.0.1")
    repository.git("tag", "v1.0.1")
    assert "image=there\ntagged=true\n" in repository.ok("check", "1.0.1")


def test_a_candidate_moves_nothing(repository: Repository) -> None:
    assert repository.ok("tags", "1.0.0-rc.1") == "v1.0.0-rc.1\n"
    assert repository.ok("tags", "1.0.0") == "v1.0.0 v1\n"


@pytest.mark.parametrize(
    "image", ["runtime", "registry.example/runtime:latest", "registry.example/r@sha256:12"]
)
def test_only_an_image_with_a_digest_is_locked(repository: Repository, image: str) -> None:
    assert "is not an image with a digest" in repository.refused("lock", image)


def run_the_job(
    repository: Repository, folder: Path, job_name: str = "release", **env: str
) -> subprocess.CompletedProcess[str]:
    """The scripts of a job, one after the other, with a `gh` that writes down how it was called."""
    workflow = yaml.load((REPOSITORY / ".github/workflows/release.yml").read_text(), yaml.BaseLoader)
    scripts = [step["run"] for step in workflow["jobs"][job_name]["steps"] if "run" in step]
    gh = folder / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$*" >>{folder}/gh\n')
    gh.chmod(0o755)
    job: Mapping[str, str] = {
        "PATH": f"{gh.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "RUNNER_TEMP": str(folder),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REPOSITORY": "Owner/Repo",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "DRY_RUN": "false",
        "REGISTRY": "registry.example",
        "NAME": IMAGE.partition("@")[0],
        "DIGEST": IMAGE.partition("@")[2],
        **env,
    }
    script = "\n".join(scripts)
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=repository.folder,
        env=job,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("settings", "publish"),
    [
        ({"DRY_RUN": "true", "REGISTRY": ""}, "false"),
        ({"DRY_RUN": "false"}, "true"),
        ({"DRY_RUN": ""}, "true"),
    ],
)
def test_what_the_jobs_after_the_check_are_told(
    repository: Repository, tmp_path: Path, settings: dict[str, str], publish: str
) -> None:
    repository.prepared("1.0.0")
    done = run_the_job(repository, tmp_path, "check", VERSION="1.0.0", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.split("=") for line in (tmp_path / "output").read_text().splitlines())
    assert told["name"] == "registry.example/owner/repo/runtime"
    assert (told["version"], told["image"], told["publish"]) == ("1.0.0", "missing", publish)
    assert (tmp_path / "summary").read_text() == "* Faster start.\n"


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"REGISTRY": ""}, "variable REGISTRY"), ({"GITHUB_REF_NAME": "topic"}, "made from main")],
)
def test_what_stops_a_release_that_is_no_dry_run(
    repository: Repository, tmp_path: Path, settings: dict[str, str], why: str
) -> None:
    repository.prepared("1.0.0")
    done = run_the_job(repository, tmp_path, "check", VERSION="1.0.0", **settings)
    assert done.returncode == 1
    assert why in done.stdout


def test_main_and_tags_are_pushed_together(repository: Repository, tmp_path: Path) -> None:
    repository.prepared("1.0.0")
    done = run_the_job(repository, tmp_path, VERSION="1.0.0")
    assert done.returncode == 0, done.stderr
    repository.git("fetch", "-q", "--tags", "origin")
    commits = {repository.git("rev-parse", f"{ref}^{{commit}}") for ref in ("origin/main", "v1.0.0", "v1")}
    assert len(commits) == 1
    assert "release create v1.0.0 --verify-tag" in (tmp_path / "gh").read_text()
    assert (tmp_path / "notes.md").read_text() == "* Faster start.\n"


def test_nothing_is_pushed_where_main_moved_on(repository: Repository, tmp_path: Path) -> None:
    repository.prepared("1.0.0")
    repository.git("push", "-q", "origin", "main")
    repository.git("commit", "-q", "--allow-empty", "-m", "Somebody else's")
    repository.git("push", "-q", "origin", "main")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    done = run_the_job(repository, tmp_path, VERSION="1.0.0")
    assert done.returncode != 0
    assert repository.git("ls-remote", "--tags", "origin") == ""
    assert "release create" not in (tmp_path / "gh").read_text()


def test_a_pushed_tag_moves_the_major_version_and_leaves_main(repository: Repository, tmp_path: Path) -> None:
    repository.ok("lock", IMAGE)
    repository.prepared("1.0.0")
    repository.git("tag", "v1.0.0")
    repository.git("push", "-q", "origin", "v1.0.0")
    main = repository.git("ls-remote", "origin", "main")
    env = {"GITHUB_REF": "refs/tags/v1.0.0", "GITHUB_REF_TYPE": "tag", "DIGEST": "", "VERSION": "v1.0.0"}
    done = run_the_job(repository, tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert repository.git("ls-remote", "origin", "main") == main
    assert repository.git("ls-remote", "--tags", "origin", "v1") != ""


def test_the_dry_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """`make release-dry-run VERSION=…`, of a clone of this repository."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    # As CI checks a commit out: on no branch.
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=clone, check=True)
    for name in ("Makefile", "tools/release.py", "tools/release-dry-run"):
        shutil.copy2(REPOSITORY / name, clone / name)
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text().replace("## Unreleased\n", "## Unreleased\n\n* Something new.\n", 1)
    changelog.write_text(text)
    author = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")
    subprocess.run(["git", *author, "commit", "-q", "-a", "-m", "Something new"], cwd=clone, check=True)
    env = {**os.environ, "DOCKER_HOST": "unix:///nowhere"}
    before = subprocess.run(["git", "for-each-ref"], cwd=clone, capture_output=True).stdout
    done = subprocess.run(
        ["make", "release-dry-run", "VERSION=99.0.0"], cwd=clone, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "v99.0.0 v99 at " in done.stdout
    assert "image=there\ntagged=true" in done.stdout
    assert subprocess.run(["git", "for-each-ref"], cwd=clone, capture_output=True).stdout == before
