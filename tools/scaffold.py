"""`make action NAME=my-action`: make a new action with a module, a test and a page that pass from the start.

The files come from tools/scaffold; the action is called my-action there.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "scaffold"
NAMES = ROOT / "src/asc/commands/__init__.py"
README = ROOT / "README.md"
NAME = re.compile(r"(?=.{3,30}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
TAKEN = ("sandbox",)


def main(arguments: list[str]) -> int:
    """Make the files and print the next steps. Return 2 if the name cannot be used, else 0."""
    name = arguments[0] if len(arguments) == 1 else ""
    module = name.replace("-", "_")
    files = {
        ROOT / f"src/asc/commands/{module}.py": "command.py",
        ROOT / f"tests/core/test_{module}.py": "test.py",
        ROOT / f"docs/{name}.md": "page.md",
    }
    if not NAME.fullmatch(name) or name in TAKEN:
        print("action: give a name like fetch-build-number: make action NAME=…", file=sys.stderr)
        return 2
    if there := [path for path in (*files, ROOT / f"src/asc/commands/{module}") if path.exists()]:
        print(f"action: {there[0].relative_to(ROOT)} is there already. Choose another name.", file=sys.stderr)
        return 2
    for path, template in files.items():
        text = (TEMPLATES / template).read_text("utf-8")
        path.write_text(text.replace("my-action", name).replace("my_action", module), "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    register(name)
    add_to_readme(name)
    print(NEXT.format(name=name, module=module))
    return 0


def register(name: str) -> None:
    """Add the name to NAMES, at the end."""
    text = NAMES.read_text("utf-8")
    start = text.index("NAMES = (")
    end = text.index("\n)", start) + 1
    NAMES.write_text(f'{text[:end]}    "{name}",\n{text[end:]}', "utf-8")
    print(f"registered it in {NAMES.relative_to(ROOT)}")


def add_to_readme(name: str) -> None:
    """Add a row below the last action of the README's table."""
    text = README.read_text("utf-8")
    *_, last = re.finditer(r"^\| \[[a-z-]+\]\(docs/[a-z-]+\.md\) \|.*\n", text, re.MULTILINE)
    row = f"| [{name}](docs/{name}.md) | One sentence on what it brings | Developer | Linux, macOS |\n"
    README.write_text(text[: last.end()] + row + text[last.end() :], "utf-8")
    print(f"added a row to {README.relative_to(ROOT)}")


NEXT = """
It runs already, and its tests pass. What comes next:

  make generate check                                         its action.yml, its README, the tables
  .venv/bin/python -m pytest -n 0 tests/core/test_{module}.py
  .venv/bin/python entrypoint.py {name} --help

Then make it do what it is for: CONTRIBUTING.md has the five steps."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
