"""Runs the git client in a bare repository of its own, so that no name in a repository ever becomes one on the disk."""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from asc.on_signal import undone_at_the_end
from asc.programs import ProgramTimeout, run_program
from asc.signing.storage import names
from asc.signing.storage.git.access import Access
from asc.signing.storage.model import Changes, Options, StorageError, StorageUnreachable, disk_is_full
from asc.words import printable_name

log = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds that one command may take."""
LONGEST_OUTPUT = 600
"""Characters of git's words that a message quotes."""


@dataclass(frozen=True)
class GitResult:
    """What a command left. `words` is what it said on standard error, fit for a message: one line, no secret."""

    code: int
    output: bytes
    words: str


class GitClient:
    """git, with the environment that `access` gives it. The private folder goes with this object."""

    def __init__(self, access: Access, options: Options) -> None:
        self._access = access
        # Of mode 0700, as mkdtemp makes it.
        self._private = Path(tempfile.mkdtemp(prefix="asc-signing-", dir=options.temporary))
        weakref.finalize(self, shutil.rmtree, self._private, ignore_errors=True)
        self.repository = self._private / "repository.git"

    def run(self, *arguments: str, data: bytes = b"") -> GitResult:
        """Runs a command; raises StorageError where there is no git, or it does not end."""
        gone = partial(shutil.rmtree, self._private, ignore_errors=True)
        with undone_at_the_end(gone), self._access.environment(self._private) as environment:
            command = ["git", f"--git-dir={self.repository}", *arguments]
            try:
                done = run_program(command, environment, PATIENCE, data, self._private)
            except FileNotFoundError:
                raise StorageError(
                    "storage", "the git command was not found.", "Install git on this runner."
                ) from None
            except ProgramTimeout:
                raise StorageUnreachable(
                    "storage",
                    f"git {arguments[0]} did not end within {PATIENCE:.0f} s.",
                    "Check that this runner reaches the repository's host, then run the step again.",
                ) from None
        return GitResult(done.code, done.output, self.presentable(done.errors.decode("utf-8", "replace")))

    def must(self, *arguments: str, data: bytes = b"") -> bytes:
        """The output of a command that does not reach out; raises StorageError where it fails all the same."""
        result = self.run(*arguments, data=data)
        if result.code:
            if error := disk_is_full(result.words):
                raise error
            raise StorageError(
                "storage",
                f"git {arguments[0]} failed: {result.words or 'without a word'}",
                "Check the repository with “git fsck”.",
            )
        return result.output

    def presentable(self, words: str) -> str:
        """What git said, as one line without secrets, control characters and the noise of its progress."""
        for secret in self._access.secrets:
            words = words.replace(secret, "***")
        lines = (line.rpartition("\r")[2].strip() for line in words.replace("\r\n", "\n").split("\n"))
        kept = [
            line.removeprefix("fatal: ")  # “remote: ” stays: the disk that is full may be the server's
            for line in lines
            if line not in {"", "remote:"}
        ]
        return printable_name(" / ".join(kept), LONGEST_OUTPUT)


NO_PLAIN_FILE = {"120000": "a symbolic link", "160000": "a submodule"}
BUILT = "refs/asc/built"


@dataclass(frozen=True)
class TreeEntry:
    """A plain file in a tree: the id of its content, and its size in bytes."""

    blob: str
    size: int


def entries(client: GitClient, commit: str, label: str) -> dict[str, TreeEntry]:
    """The plain files of a commit whose names are taken; a warning names each other entry."""
    listed = client.must("ls-tree", "-r", "-z", "--long", "--full-tree", commit)
    found: dict[str, TreeEntry] = {}
    for line in listed.split(b"\0"):
        if not line:
            continue
        head, _, name = line.partition(b"\t")
        mode, _, blob, size = head.decode("ascii").split()
        path = name.decode("utf-8", "surrogateescape")
        if mode in NO_PLAIN_FILE:
            what = NO_PLAIN_FILE[mode]
            log.warning("%s: “%s” is left out, for it is %s.", label, printable_name(path), what)
        else:
            found[path] = TreeEntry(blob, int(size))
    return {path: found[path] for path in names.accepted(found, label)}


def contents(client: GitClient, wanted: dict[str, TreeEntry]) -> dict[str, bytes]:
    """The contents of files, all of them from one process."""
    if not wanted:
        return {}
    asked = "".join(f"{entry.blob}\n" for entry in wanted.values()).encode()
    stream = client.must("cat-file", "--batch", data=asked)
    read: dict[str, bytes] = {}
    at = 0
    for path, entry in wanted.items():
        end = stream.find(b"\n", at)
        if stream[at:end].split() != [entry.blob.encode(), b"blob", str(entry.size).encode()]:
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” is damaged in the repository.",
                "Check it with “git fsck”.",
            )
        read[path] = stream[end + 1 : end + 1 + entry.size]
        at = end + 1 + entry.size + 1
    return read


def commit(client: GitClient, parent: str | None, changes: Changes, message: str, author: str) -> str:
    """Makes a commit of `changes` on top of `parent` and returns its id. Everything else in the tree stays as it is.

    `author` is "Name <address> seconds +0000".
    """
    text = message.encode()
    stream = [f"commit {BUILT}\n".encode()]
    stream += [f"{role} {author}\n".encode() for role in ("author", "committer")]
    stream += [b"data %d\n%s\n" % (len(text), text)]
    stream += [f"from {parent}\n".encode()] if parent else []
    stream += [b"D %s\n" % _quoted(path) for path in sorted(changes.delete)]
    for path, data in sorted(changes.put.items()):
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(data), data))
    client.run("update-ref", "-d", BUILT)
    client.must("fast-import", "--quiet", "--force", data=b"".join(stream) + b"done\n")
    return client.must("rev-parse", "--verify", BUILT).decode("ascii").strip()


def _quoted(path: str) -> bytes:
    """A path as the stream has it. Control characters never come here: asc.signing.storage.names refuses them."""
    return b'"%s"' % path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
