"""`make site`: the pages as a web site, in build/site. Links that leave docs/ on GitHub lead to pages of the site."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
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
# The script that draws the diagrams, as GitHub does it. The site has a copy, so that its pages fetch nothing.
MERMAID = "mermaid@11.12.0"
MERMAID_SHA256 = "93492e4d609be83653a41c435f4cbd7e74419f7fa6b4fc90a8c983195f64af82"
SCRIPT = ROOT / ".cache" / "node" / MERMAID / "mermaid.min.js"
LINK = re.compile(r"\[([^]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def main() -> int:
    """Assemble the pages and have MkDocs build the site. Every warning is an error. Return the exit code."""
    if not find_spec("mkdocs"):
        print("site: this Python lacks its packages. Run: make site", file=sys.stderr)
        return 2
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for path in PAGES.rglob("*.md"):
        place = f"docs/{path.relative_to(PAGES).as_posix()}"
        path.write_text(drawn(relinked(path.read_text("utf-8"), place)), "utf-8")
    for name, new in FROM_ROOT.items():
        (PAGES / new).write_text(relinked((ROOT / name).read_text("utf-8"), name), "utf-8")
    (PAGES / "adr/index.md").write_text(list_of_decisions(), "utf-8")
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", "mkdocs.yml"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(mkdocs, cwd=ROOT, env=environment).returncode


def relinked(text: str, place: str) -> str:
    """Return the text of a page with links into the site. A link to a page that the site lacks becomes plain text.

    `place` is the path of the page in the repository.
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

    # HTML has the pictures of the README.
    return LINK.sub(relink, text).replace('="docs/pictures/', '="pictures/')


def drawn(text: str) -> str:
    """Return the text of a page with the script that draws its diagrams, if it has diagrams."""
    if "```mermaid" not in text:
        return text
    if not SCRIPT.exists():
        fetch_mermaid()
    shutil.copy(SCRIPT, PAGES / "assets")
    return f'{text}\n<script src="assets/{SCRIPT.name}"></script>\n'


def fetch_mermaid() -> None:
    """Take the script out of its npm package, after a check of the package's digest."""
    npm = shutil.which("npm") or str(ROOT / ".venv/bin/npm")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--loglevel=error", MERMAID], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = Path(folder).glob("*.tgz")
        if hashlib.sha256(archive.read_bytes()).hexdigest() != MERMAID_SHA256:
            sys.exit(f"site: {MERMAID} is not of the bytes that it was. Do not use it; find out why.")
        SCRIPT.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            script = tar.extractfile("package/dist/mermaid.min.js")
            assert script
            SCRIPT.write_bytes(script.read())


def list_of_decisions() -> str:
    """Return a page that lists the decision records with links."""
    text = "# Decisions\n\n"
    for path in sorted((ROOT / "docs/adr").glob("*.md")):
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        text += f"* [{title.replace('. ', ' · ', 1)}]({path.name})\n"
    return text


if __name__ == "__main__":
    sys.exit(main())
