"""Run the git client in a private bare repository, so that no file name in a repository becomes a name on the disk."""

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
"""Seconds for one command."""
LONGEST_OUTPUT = 600
"""Characters of git's output that a message quotes."""


@dataclass(frozen=True)
class GitResult:
    """The result of a command. `words` is its standard error in one line without secrets, ready for a message."""

    code: int
    output: bytes
    words: str


class GitClient:
    """The git client with the environment of `access`. Its private folder is removed together with this object."""

    def __init__(self, access: Access, options: Options) -> None:
        self._access = access
        # mkdtemp creates the folder with mode 0700.
        self._private = Path(tempfile.mkdtemp(prefix="asc-signing-", dir=options.temporary))
        weakref.finalize(self, shutil.rmtree, self._private, ignore_errors=True)
        self.repository = self._private / "repository.git"

    def run(self, *arguments: str, data: bytes = b"") -> GitResult:
        """Run a command and return its result. Raises StorageError if git is missing or does not end in time."""
        remove_folder = partial(shutil.rmtree, self._private, ignore_errors=True)
        # A signal ends the process without `finally` and without finalizers, and the folder holds credentials.
        with undone_at_the_end(remove_folder), self._access.environment(self._private) as environment:
            command = ["git", f"--git-dir={self.repository}", *arguments]
            try:
                done = run_program(command, environment, PATIENCE, data, self._private)
            except FileNotFoundError:
                raise StorageError(
                    "storage", "the git command was not found.", "Install git on this runner."
                ) from None
            except ProgramTimeout:
                self._remove_locks()
                raise StorageUnreachable(
                    "storage",
                    f"git {arguments[0]} did not end within {PATIENCE:.0f} s.",
                    "Check that this runner reaches the repository's host, then run the step again.",
                ) from None
        return GitResult(done.code, done.output, self.presentable(done.errors.decode("utf-8", "replace")))

    def _remove_locks(self) -> None:
        """Remove the locks that a killed command has left, for example shallow.lock."""
        # With them the next command would refuse to run. The repository is private, so no other command holds them.
        for lock in self.repository.rglob("*.lock"):
            lock.unlink(missing_ok=True)

    def run_checked(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run a local command and return its output. Raises StorageError if it fails."""
        result = self.run(*arguments, data=data)
        if result.code:
            if error := disk_is_full(result.words):
                raise error
            raise StorageError(
                "storage",
                f"git {arguments[0]} failed: {result.words or 'without a message'}",
                "Check the repository with “git fsck”.",
            )
        return result.output

    def presentable(self, words: str) -> str:
        """Return git's output as one line without secrets, control characters and progress."""
        for secret in self._access.secrets:
            words = words.replace(secret, "***")
        # git overwrites its progress with carriage returns; only the text after the last one counts.
        lines = (line.rpartition("\r")[2].strip() for line in words.replace("\r\n", "\n").split("\n"))
        # “remote: ” stays: disk_is_full needs it, as the server's disk may be full.
        kept = [line.removeprefix("fatal: ") for line in lines if line not in {"", "remote:"}]
        return printable_name(" / ".join(kept), LONGEST_OUTPUT)


NO_PLAIN_FILE = {"120000": "a symbolic link", "160000": "a submodule"}
"""Modes of tree entries that are not files (git-fast-import(1))."""
BUILT = "refs/asc/built"
"""The local reference to the commit that is being made."""


@dataclass(frozen=True)
class TreeEntry:
    """A plain file in a tree: the id of its content, and its size in bytes."""

    blob: str
    size: int


def entries(client: GitClient, commit: str, label: str) -> dict[str, TreeEntry]:
    """Return the plain files of a commit with allowed names; a warning names each other entry."""
    listed = client.run_checked("ls-tree", "-r", "-z", "--long", "--full-tree", commit)
    entries_read: dict[str, TreeEntry] = {}
    for line in listed.split(b"\0"):
        if not line:
            continue
        head, _, name = line.partition(b"\t")
        mode, _, blob, size = head.decode("ascii").split()
        path = name.decode("utf-8", "surrogateescape")
        if mode in NO_PLAIN_FILE:
            kind = NO_PLAIN_FILE[mode]
            log.warning("%s: skipped “%s” because it is %s.", label, printable_name(path), kind)
        else:
            entries_read[path] = TreeEntry(blob, int(size))
    return {path: entries_read[path] for path in names.accepted(entries_read, label)}


def contents(client: GitClient, files: dict[str, TreeEntry]) -> dict[str, bytes]:
    """Return the contents of files, read by a single process. Raises StorageError if one is damaged."""
    if not files:
        return {}
    blobs = "".join(f"{entry.blob}\n" for entry in files.values()).encode()
    stream = client.run_checked("cat-file", "--batch", data=blobs)
    read: dict[str, bytes] = {}
    start = 0
    for path, entry in files.items():
        # Each answer is a line “id type size”, the content, and a line break (git-cat-file(1)).
        end = stream.find(b"\n", start)
        if stream[start:end].split() != [entry.blob.encode(), b"blob", str(entry.size).encode()]:
            raise StorageError(
                "storage",
                f"“{printable_name(path)}” is damaged in the repository.",
                "Check it with “git fsck”.",
            )
        read[path] = stream[end + 1 : end + 1 + entry.size]
        start = end + 1 + entry.size + 1
    return read


def commit(client: GitClient, parent: str | None, changes: Changes, message: str, author: str) -> str:
    """Make a commit of `changes` on top of `parent` and return its id. Other files of the tree stay unchanged.

    `author` has the form "Name <address> seconds +0000".
    """
    # A stream of fast-import needs neither an index nor a work tree.
    text = message.encode()
    stream = [f"commit {BUILT}\n".encode()]
    stream += [f"{role} {author}\n".encode() for role in ("author", "committer")]
    stream += [b"data %d\n%s\n" % (len(text), text)]
    stream += [f"from {parent}\n".encode()] if parent else []
    stream += [b"D %s\n" % _quoted(path) for path in sorted(changes.delete)]
    for path, data in sorted(changes.put.items()):
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(data), data))
    # Without a `from` line, fast-import would take the commit of an earlier attempt as the parent.
    client.run("update-ref", "-d", BUILT)
    client.run_checked("fast-import", "--quiet", "--force", data=b"".join(stream) + b"done\n")
    return client.run_checked("rev-parse", "--verify", BUILT).decode("ascii").strip()


def _quoted(path: str) -> bytes:
    """Return a path in the form of a fast-import stream."""
    # Control characters need no escape here: asc.signing.storage.names refuses them before.
    return b'"%s"' % path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
