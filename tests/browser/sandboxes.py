"""Sandboxes as processes of their own, and what the real actions do to them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
ENTRYPOINT = (ROOT / ".venv" / "bin" / "python", "-I", ROOT / "entrypoint.py")
_LIFETIME = "600"


@dataclass(frozen=True)
class Running:
    """A sandbox that runs, and a folder for whoever works with it."""

    url: str
    folder: Path

    def act(self, command: str, *options: str, code: int = 0) -> None:
        """Run an action against it. Fails when the action ends in another way."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ASC_API_URL": self.url,
            "ASC_API_KEY_PATH": str(self.folder / "key.json"),
            "MATCH_PASSWORD": "only for this test",
        }
        done = subprocess.run(
            [*ENTRYPOINT, command, *options],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr

    def status(self, path: str) -> int:
        """The status of a request without a token."""
        try:
            with urlopen(self.url + path, timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            return error.code


@contextmanager
def running(folder: Path, *options: str | Path) -> Iterator[Running]:
    """A sandbox of its own, with the demo unless the options have another seed."""
    command = [*ENTRYPOINT, "sandbox", "--stop-after", _LIFETIME, "--key-file", folder / "key.json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            yield Running(process.stdout.readline().split()[-1], folder)
        finally:
            process.terminate()


def fill(sandbox: Running) -> None:
    """A release, as a workflow makes it, and a step that fails."""
    store = sandbox.folder / "store"
    store.mkdir()
    app = ("--bundle-id", "com.example.app")
    sandbox.act(
        "sync-signing",
        *("--mode", "sync", "--bundle-ids", "com.example.app", "--storage", f"dir:{store}"),
        *("--output-directory", str(sandbox.folder / "signing"), "--install", "files"),
    )
    sandbox.act("fetch-build-number", *app)
    sandbox.act("sandbox", "make-ipa", "Example.ipa", "--version", "1.5.0", "--build-number", "47")
    sandbox.act(
        "upload-testflight",
        *("--file", "Example.ipa", "--whats-new", "en-US: Faster start.", "--groups", "QA, Beta testers"),
        *("--uses-non-exempt-encryption", "false"),
    )
    sandbox.act("fetch-build-number", "--bundle-id", "com.example.nothing", code=1)
