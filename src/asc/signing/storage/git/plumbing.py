"""Trees and commits by git's plumbing: read as lists of objects, written as one stream, never checked out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.signing.storage import names
from asc.signing.storage.git.client import Client
from asc.signing.storage.model import Changes, StorageError

log = logging.getLogger(__name__)

NO_PLAIN_FILE = {"120000": "a symbolic link", "160000": "a submodule"}
BUILT = "refs/asc/built"


@dataclass(frozen=True)
class Entry:
    """A plain file in a tree: the id of its content, and its size in bytes."""

    blob: str
    size: int


def entries(client: Client, commit: str, label: str) -> dict[str, Entry]:
    """The plain files of a commit whose names are taken; a warning names each other entry."""
    listed = client.must("ls-tree", "-r", "-z", "--long", "--full-tree", commit)
    found: dict[str, Entry] = {}
    for line in listed.split(b"\0"):
        if not line:
            continue
        head, _, name = line.partition(b"\t")
        mode, _, blob, size = head.decode("ascii").split()
        path = name.decode("utf-8", "surrogateescape")
        if mode in NO_PLAIN_FILE:
            what = NO_PLAIN_FILE[mode]
            log.warning("%s: “%s” is left out, for it is %s.", label, names.cleaned(path), what)
        else:
            found[path] = Entry(blob, int(size))
    return {path: found[path] for path in names.accepted(found, label)}


def contents(client: Client, wanted: dict[str, Entry]) -> dict[str, bytes]:
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
                f"“{names.cleaned(path)}” is damaged in the repository.",
                "Check it with “git fsck”.",
            )
        read[path] = stream[end + 1 : end + 1 + entry.size]
        at = end + 1 + entry.size + 1
    return read


def commit(client: Client, parent: str | None, changes: Changes, message: str, author: str) -> str:
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
