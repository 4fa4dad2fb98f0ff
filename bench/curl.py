"""Upload and download with curl, the peer: it is given the same links and headers."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from asc.api.client import Client
from asc.api.key.sources import find_key
from asc.api.session import Settings
from asc.assets.model import Part
from asc.builds.number import Number
from asc.builds.upload import record
from bench.measure import Run, Sandbox, run

NUMBER = Number("1000000001", "9.0", "1", "IOS")


def check() -> None:
    if not shutil.which("curl"):
        raise SystemExit(
            "bench: curl is missing. Install 7.68 or newer (apt-get install curl, apk add curl, brew install curl)."
        )


def split(file: Path, folder: Path, part_size: int) -> list[Path]:
    """Write the parts of a file as files and return their paths."""
    # curl sends whole files only.
    folder.mkdir()
    paths = []
    with file.open("rb") as source:
        while part := source.read(part_size):
            paths.append(folder / str(len(paths)))
            paths[-1].write_bytes(part)
    return paths


def upload(parts: list[Path], sandbox: Sandbox, options: tuple[str, ...]) -> Run:
    """Send all parts with one curl, and return the cost of that process alone."""
    config = parts[0].parent / "curl.conf"
    links = announce(sandbox, sum(part.stat().st_size for part in parts))
    # One process for all parts: the start of curl must not count for each.
    config.write_text("\nnext\n".join(map(_transfer, parts, links)))
    return run(("curl", *options, "--silent", "--show-error", "--config", config), sandbox.environment)


def download(links: list[str], folder: Path) -> Run:
    """Fetch all links with one curl, in parallel, each to its own file."""
    with tempfile.TemporaryDirectory(dir=folder) as target:
        config = Path(target) / "curl.conf"
        lines = (
            f'url = "{link}"\noutput = "{target}/{number}.zip"\nfail' for number, link in enumerate(links)
        )
        config.write_text("\nnext\n".join(lines))
        options = ("--parallel", "--parallel-immediate", "--silent", "--show-error")
        return run(("curl", *options, "--config", config), {"PATH": os.environ["PATH"]})


def announce(sandbox: Sandbox, size: int) -> tuple[Part, ...]:
    """Reserve an upload of this size, and return the parts that the sandbox asks for."""
    key = find_key(None, None, sandbox.environment)
    with closing(Client(key, Settings(sandbox.environment["ASC_API_URL"]), "Admin")) as client:
        begun = record.create(client, NUMBER)
        return record.reserve(client, begun, "Example.ipa", size, "com.apple.ipa")[0].parts


def _transfer(file: Path, part: Part) -> str:
    """Return the lines of curl's config for one part."""
    # `fail` turns an answer of 400 and above into an exit code.
    headers = (f'header = "{name}: {value}"' for name, value in part.headers.items())
    return "\n".join((f'upload-file = "{file}"', f'url = "{part.url}"', "fail", *headers))
