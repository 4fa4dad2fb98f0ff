"""Write the paths and methods of Apple's document into the sandbox, which runs without the document.

`--check` writes nothing and fails when the file is stale. `make operations` runs it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from contract import DOCUMENT, VERSION

OPERATIONS = Path(__file__).parent.parent / "src" / "asc_sandbox" / "operations.txt"

# Besides its methods a path of the document holds the parameters that they share.
_NO_METHOD = "parameters"


def main() -> int:
    """Write the file, or with --check say whether it is stale. The exit code is 1 when it is."""
    options = _parser().parse_args()
    text = listed(json.loads(DOCUMENT.read_text("utf-8")))
    if OPERATIONS.exists() and OPERATIONS.read_text("utf-8") == text:
        return 0
    if options.check:
        print(f"stale: {OPERATIONS.name} (run make operations)")
        return 1
    OPERATIONS.write_text(text, "utf-8")
    print(f"wrote {OPERATIONS.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a file is stale")
    return parser


def listed(document: dict[str, Any]) -> str:
    """Return a line for each path of the document: the path and its methods, both in alphabetical order."""
    lines = [
        " ".join([path, *sorted(method.upper() for method in methods if method != _NO_METHOD)])
        for path, methods in sorted(document["paths"].items())
    ]
    note = f"# Written by `make operations` from Apple's OpenAPI document {VERSION}."
    return "\n".join([note, *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
