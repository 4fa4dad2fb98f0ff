"""The steps of a release that need no network: `python3 tools/release.py STEP …`. docs/releasing.md has the whole.

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
    """The version cannot be released. The text has the reason and the remedy."""


def main(arguments: list[str]) -> int:
    """Run one step. Return 0, or 1 with the reason on standard error."""
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
    """Write the version into its files, and date the changelog's section of unreleased changes."""
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
    """Raise ReleaseError for the first obstacle; else return a sentence on image.lock."""
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
    newer = [
        released_version
        for released_version in released()
        if parsed(released_version) > parsed(version) and same_major(released_version, version)
    ]
    if newer:
        raise ReleaseError(
            f"{version} is older than {newer[0]}, which is out: v{parsed(version)[0]} would move back."
        )
    image, tagged = "there" if image_serves() else "missing", "true" if commit else "false"
    return f"built-from={built_from()}\nimage={image}\ntagged={tagged}\n"


def notes(version: str) -> str:
    """Return the changelog's section of a version. Raises ReleaseError if it has none."""
    found = section(
        (ROOT / "CHANGELOG.md").read_text("utf-8"), rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)"
    )
    if not found:
        raise ReleaseError(
            f"CHANGELOG.md has no section “## {version} (date)”. Run: make release VERSION={version}"
        )
    return found


def lock(image: str) -> str:
    """Write the name of the image into image.lock, with a digest of its sources."""
    if not IMAGE.fullmatch(image):
        raise ReleaseError(f"“{image}” is not an image with a digest, as registry/name@sha256:…")
    (ROOT / "image.lock").write_text(f"{image} {built_from()}\n", "utf-8")
    return f"image.lock names {image}\n"


def tags(version: str) -> str:
    """Return the tags of a version: `v1.2.3 v1`, or only its own for a release candidate."""
    major, _, _, candidate = parsed(version)
    return f"v{version}\n" if candidate < FINAL else f"v{version} v{major}\n"


def commit(version: str) -> str:
    """Commit image.lock if it changed, set the tag of the version here, and move the tag of the major version."""
    own, *moving = tags(version).split()
    git("add", "image.lock")
    if git("status", "--porcelain", "--untracked-files=no"):
        git("commit", "--quiet", "--message", f"Release {version}: image.lock names its image")
    if git("rev-list", "-1", own, missing_is_empty=True) != git("rev-list", "-1", "HEAD"):
        git("tag", "--annotate", own, "--message", f"Release {version}")
    # A workflow that names v1 gets this release from now on.
    for tag in moving:
        git("tag", "--force", tag, f"{own}^{{commit}}")
    return f"{' '.join((own, *moving))} at {git('rev-parse', '--short', 'HEAD')}\n"


STEPS: dict[str, Callable[[str], str]] = {
    action.__name__: action for action in (prepare, check, notes, lock, tags, commit)
}
FINAL = sys.maxsize
"""The number of a release among its candidates: it sorts after them."""


def parsed(version: str) -> tuple[int, int, int, int]:
    """Return 1.2.3 or 1.2.3-rc.1 as a tuple that sorts a candidate before its release."""
    found = VERSION.fullmatch(version)
    if not found:
        raise ReleaseError(f"“{version}” is not a version, as 1.2.3 or 1.2.3-rc.1.")
    major, minor, patch, candidate = found.groups()
    return int(major), int(minor), int(patch), int(candidate) if candidate else FINAL


def same_major(one: str, other: str) -> bool:
    """Return True if both versions have the same tag of a major version."""
    return parsed(one)[0] == parsed(other)[0]


def check_places(version: str) -> None:
    """Raise ReleaseError if a file names another version."""
    parsed(version)
    for name, pattern in PLACES.items():
        found = pattern.search((ROOT / name).read_text("utf-8"))
        if not found or found[2] != version:
            said = found[2] if found else "no version"
            raise ReleaseError(f"{name} says {said}, not {version}. Run: make release VERSION={version}")


def section(changelog: str, heading: str) -> str:
    """Return the text below a heading, up to the next one; empty if the heading is missing."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return f"{found[1].strip()}\n" if found and found[1].strip() else ""


def built_from() -> str:
    """Return the digest of an image's sources, as bin/run computes it."""
    content = b"".join((ROOT / name).read_bytes() for name in BUILT_FROM)
    return hashlib.sha256(content).hexdigest()[:24]


def image_serves() -> bool:
    """Return True if image.lock names an image that was built from the present sources."""
    words = (ROOT / "image.lock").read_text("utf-8").split()
    return len(words) == 2 and words[1] == built_from()


def released() -> list[str]:
    """Return the versions that have a tag."""
    found = (tag.removeprefix("v") for tag in git("tag", "--list", "v*").split())
    return [tag for tag in found if VERSION.fullmatch(tag)]


def git(*arguments: str, missing_is_empty: bool = False) -> str:
    """Run git and return its output. Raises ReleaseError if it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode and not missing_is_empty:
        raise ReleaseError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip() if not done.returncode else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
