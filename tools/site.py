"""`make site`: the pages as a web site, in build/site. Links that leave docs/ on GitHub lead to pages of the site."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build/pages"
# Pages of the repository's root, under names that differ from those in docs/ on every file system.
FROM_ROOT = {
    "README.md": "index.md",
    "SECURITY.md": "reporting.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
FOLDERS = {"docs/adr": "adr/index.md", "docs/recipes": "recipes.md"}
LINK = re.compile(r"\[([^]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def main() -> int:
    """Puts the pages together, then has MkDocs build them; every warning is an error."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for path in PAGES.rglob("*.md"):
        place = f"docs/{path.relative_to(PAGES).as_posix()}"
        path.write_text(relinked(path.read_text("utf-8"), place), "utf-8")
    for name, new in FROM_ROOT.items():
        (PAGES / new).write_text(relinked((ROOT / name).read_text("utf-8"), name), "utf-8")
    (PAGES / "adr/index.md").write_text(list_of_decisions(), "utf-8")
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", "mkdocs.yml"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(mkdocs, cwd=ROOT, env=environment).returncode


def relinked(text: str, place: str) -> str:
    """The text of a page with links to what the site has; what it lacks becomes plain text.

    `place` is where the page lies in the repository.
    """

    def relink(match: re.Match[str]) -> str:
        words, target, anchor = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
        on_site = FROM_ROOT.get(path) or FOLDERS.get(path)
        if not on_site and not (path.startswith("docs/") and (ROOT / path).is_file()):
            return str(words)
        on_site = on_site or path.removeprefix("docs/")
        here = posixpath.dirname(FROM_ROOT.get(place) or place.removeprefix("docs/"))
        return f"[{words}]({posixpath.relpath(on_site, here or '.')}{anchor or ''})"

    return LINK.sub(relink, text)


def list_of_decisions() -> str:
    """A page that names the decisions."""
    text = "# Decisions\n\n"
    for path in sorted((ROOT / "docs/adr").glob("*.md")):
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        text += f"* [{title.replace('. ', ' · ', 1)}]({path.name})\n"
    return text


if __name__ == "__main__":
    sys.exit(main())
