"""The steps of a release that need no network: `python3 tools/release.py STEP …`. docs/releasing.md tells the whole.

  prepare VERSION   the version in its places, and the changelog's section with today's date
  check VERSION     whether this commit may become the release; prints what the workflow asks (name=value)
  notes VERSION     the changelog's section
  lock IMAGE        image.lock: IMAGE is a name with its digest
  tags VERSION      the tags of the release: its own, and the major version's that moves
  commit VERSION    the commit and its tags, in this repository alone

It needs only Python and git, so that a job need not install anything to release.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path.cwd()
BUILT_FROM = ("Dockerfile", "requirements.lock")
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-rc\.(\d+))?")
PLACES = {
    "pyproject.toml": re.compile(r'^(version = ")([^"]*)(")$', re.MULTILINE),
    "src/asc/__init__.py": re.compile(r'^(__version__ = ")([^"]*)(")$', re.MULTILINE),
}
IMAGE = re.compile(r"[a-z0-9.:-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


class ReleaseError(Exception):
    """It cannot be released like this; the text says why and what to do."""


def main(arguments: list[str]) -> int:
    """Runs one step. The exit code is 0, or 1 with the reason."""
    if len(arguments) != 2 or arguments[0] not in STEPS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(STEPS[arguments[0]](arguments[1]), end="")
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def prepare(version: str) -> str:
    """Writes the version and dates the changelog's section of what is unreleased."""
    parsed(version)
    for name, pattern in PLACES.items():
        path = ROOT / name
        path.write_text(pattern.sub(rf"\g<1>{version}\g<3>", path.read_text("utf-8"), count=1), "utf-8")
    path = ROOT / "CHANGELOG.md"
    text = path.read_text("utf-8")
    if not section(text, "Unreleased"):
        raise ReleaseError("CHANGELOG.md has nothing under “Unreleased”. Write what a user notices.")
    heading = f"## Unreleased\n\n## {version} ({datetime.now(UTC):%Y-%m-%d})"
    path.write_text(text.replace("## Unreleased", heading, 1), "utf-8")
    return f"Prepared {version}. Commit that as a change of its own.\n"


def check(version: str) -> str:
    """Raises for the first thing that is in the way; else tells whether image.lock serves."""
    check_places(version)
    notes(version)
    tag = f"v{version}"
    commit, head = git("rev-list", "-1", tag, missing_is_empty=True), git("rev-list", "-1", "HEAD")
    if commit and commit != head:
        raise ReleaseError(f"The tag {tag} is there already, at another commit. A release never changes.")
    if commit and not image_serves():
        raise ReleaseError(
            f"image.lock at {tag} names no image built from its {' and '.join(BUILT_FROM)}. Delete the tag and "
            "start the workflow by hand: it builds the image, and sets the tag where image.lock names it."
        )
    newer = [each for each in released() if parsed(each) > parsed(version) and same_major(each, version)]
    if newer:
        raise ReleaseError(
            f"{version} is older than {newer[0]}, which is out: v{parsed(version)[0]} would move back."
        )
    image, tagged = "there" if image_serves() else "missing", "true" if commit else "false"
    return f"built-from={built_from()}\nimage={image}\ntagged={tagged}\n"


def notes(version: str) -> str:
    """The changelog's section of a version. Raises where there is none."""
    found = section(
        (ROOT / "CHANGELOG.md").read_text("utf-8"), rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)"
    )
    if not found:
        raise ReleaseError(
            f"CHANGELOG.md has no section “## {version} (date)”. Run: make release VERSION={version}"
        )
    return found


def lock(image: str) -> str:
    """Writes image.lock."""
    if not IMAGE.fullmatch(image):
        raise ReleaseError(f"“{image}” is no image with a digest: registry/name@sha256:…")
    (ROOT / "image.lock").write_text(f"{image} {built_from()}\n", "utf-8")
    return f"image.lock names {image}\n"


def tags(version: str) -> str:
    """`v1.2.3 v1`; a release candidate has only its own."""
    major, _, _, candidate = parsed(version)
    return f"v{version}\n" if candidate < FINAL else f"v{version} v{major}\n"


def commit(version: str) -> str:
    """Commits image.lock, where it changed, and sets the tags here: the release's own and, moved, the major one."""
    own, *moving = tags(version).split()
    git("add", "image.lock")
    if git("status", "--porcelain", "--untracked-files=no"):
        git("commit", "--quiet", "--message", f"Release {version}: image.lock names its image")
    if git("rev-list", "-1", own, missing_is_empty=True) != git("rev-list", "-1", "HEAD"):
        git("tag", "--annotate", own, "--message", f"Release {version}")
    for each in moving:
        git("tag", "--force", each, f"{own}^{{commit}}")
    return f"{' '.join((own, *moving))} at {git('rev-parse', '--short', 'HEAD')}\n"


STEPS: dict[str, Callable[[str], str]] = {
    each.__name__: each for each in (prepare, check, notes, lock, tags, commit)
}
FINAL = sys.maxsize


def parsed(version: str) -> tuple[int, int, int, int]:
    """1.2.3 or 1.2.3-rc.1, in an order in which a candidate comes before its release."""
    found = VERSION.fullmatch(version)
    if not found:
        raise ReleaseError(f"“{version}” is no version: 1.2.3, or 1.2.3-rc.1.")
    major, minor, patch, candidate = found.groups()
    return int(major), int(minor), int(patch), int(candidate) if candidate else FINAL


def same_major(one: str, other: str) -> bool:
    """Whether both move the same tag."""
    return parsed(one)[0] == parsed(other)[0]


def check_places(version: str) -> None:
    """Raises where a file says another version."""
    parsed(version)
    for name, pattern in PLACES.items():
        found = pattern.search((ROOT / name).read_text("utf-8"))
        if not found or found[2] != version:
            said = found[2] if found else "no version"
            raise ReleaseError(f"{name} says {said}, not {version}. Run: make release VERSION={version}")


def section(changelog: str, heading: str) -> str:
    """The text below a heading, up to the next one; empty where it is missing or empty."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return f"{found[1].strip()}\n" if found and found[1].strip() else ""


def built_from() -> str:
    """What tells an image from others, as bin/run reckons it."""
    content = b"".join((ROOT / name).read_bytes() for name in BUILT_FROM)
    return hashlib.sha256(content).hexdigest()[:24]


def image_serves() -> bool:
    """Whether image.lock names an image that was built from what is here."""
    words = (ROOT / "image.lock").read_text("utf-8").split()
    return len(words) == 2 and words[1] == built_from()


def released() -> list[str]:
    """The versions that have a tag."""
    found = (each.removeprefix("v") for each in git("tag", "--list", "v*").split())
    return [each for each in found if VERSION.fullmatch(each)]


def git(*arguments: str, missing_is_empty: bool = False) -> str:
    """What git prints."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode and not missing_is_empty:
        raise ReleaseError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip() if not done.returncode else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
