"""`dir:PATH`: signing assets in a folder, for one machine or a shared disk.

Writers take turns by a lock (flock on `.asc-lock`, which stays), so an update sees the newest files. A change of
several files is stored as one through the journal (asc.signing.storage.journal), which is there only meanwhile.
Files are written beside their place and renamed, readable by their owner alone. flock works between machines on NFS
from version 4 on; on other shared disks it may only order the processes of one machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from asc.private_files import write_private
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Journal
from asc.signing.storage.model import Changes, Files, StorageError
from asc.signing.storage.nearby import MOST_BRANCHES, Nearby, folders
from asc.words import printable_name

log = logging.getLogger(__name__)

LOCK = ".asc-lock"
UNFINISHED = ".asc-new-"
"""Names that begin so are files half written by someone who was killed."""


class FolderStorage:
    """The interface `Storage` on a folder; `update` makes it where it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.label = f"folder {root}"

    def read(self) -> Files:
        """All files. Waits for a writer; leaves no trace."""
        with _explained(self._root):
            if not self._root.is_dir():
                raise StorageError(
                    "storage", f"{self.label} does not exist.", "Make it, or correct its path."
                )
            while True:
                lockable = (self._root / LOCK).exists()
                with self._locked(exclusive=False) if lockable else contextlib.nullcontext():
                    files = self._pending().over(self._files())
                if lockable or not (self._root / LOCK).exists():
                    return files
                # The first writer ever came meanwhile.

    def nearby(self) -> Nearby:
        """Folders beside this one, and the one around it, that hold match's files."""
        around = self._root.parent
        try:
            beside = [around, *(path for path in sorted(around.iterdir()) if path.is_dir())][:MOST_BRANCHES]
            held = [path for path in beside if path != self._root and _holds(path)]
        except OSError:
            return Nearby()
        return Nearby(
            tuple(f"folder {path}" for path in held), "Correct the path in storage.", on_purpose=True
        )

    def prove_writable(self) -> None:
        """Writes a file and removes it; so with the folder itself where it is missing."""
        with _explained(self._root):
            place = next(parent for parent in (self._root, *self._root.parents) if parent.exists())
            probe = place / (UNFINISHED + secrets.token_hex(8))
            probe.touch(mode=0o600)
            probe.unlink()

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """See Storage. `message` goes to the log."""
        with _explained(self._root):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(exclusive=True):
                unfinished = self._pending()
                if unfinished.changes:
                    log.info("%s: finishing a change that another writer began.", self.label)
                    self._carry_out(unfinished.changes)
                files = self._files()
                changes = names.planned(change, files, self.label)
                if changes:
                    self._write(journal.NAME, Journal(1, journal.new_identity(), changes).encode())
                    self._carry_out(changes)
                    log.info("%s: %s", self.label, message)
                return changes.applied(files)

    @contextlib.contextmanager
    def _locked(self, *, exclusive: bool) -> Iterator[None]:
        # Shared locks only need a file that can be read, so folders that cannot be written are locked, too.
        flags = os.O_CREAT | os.O_RDWR if exclusive else os.O_RDONLY
        descriptor = os.open(self._root / LOCK, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def _files(self) -> dict[str, bytes]:
        found = {path: where for path, where in self._walk() if not _is_ours(path)}
        taken = names.accepted(found, self.label)
        names.check_sizes({path: found[path].stat().st_size for path in taken}, self.label)
        return {path: found[path].read_bytes() for path in taken}

    def _walk(self) -> Iterator[tuple[str, Path]]:
        """Plain files below the root; neither links nor git's own folder are followed."""
        for folder, below, files in os.walk(self._root):
            below[:] = [name for name in below if name != ".git"]
            for name in [*files, *(each for each in below if (Path(folder) / each).is_symlink())]:
                where = Path(folder) / name
                path = where.relative_to(self._root).as_posix()
                if where.is_symlink() or not where.is_file():
                    log.warning(
                        "%s: “%s” is left out, for it is no plain file.", self.label, printable_name(path)
                    )
                else:
                    yield path, where

    def _pending(self) -> Journal:
        try:
            return journal.decode((self._root / journal.NAME).read_bytes())
        except FileNotFoundError:
            return Journal()
        except journal.UnreadableJournal as error:
            raise StorageError(
                "storage",
                f"{journal.NAME} in {self.label} cannot be read: {error}.",
                "If no newer version of this action wrote it, remove it and run the step again.",
            ) from error

    def _carry_out(self, changes: Changes) -> None:
        for path, data in changes.put.items():
            self._write(path, data)
        for path in changes.delete:
            where = self._place(path)
            where.unlink(missing_ok=True)
            _sync_folder(where.parent)
        (self._root / journal.NAME).unlink(missing_ok=True)
        _sync_folder(self._root)

    def _write(self, path: str, data: bytes) -> None:
        where = self._place(path)
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = where.parent / (UNFINISHED + secrets.token_hex(8))
        write_private(where, data, new, durable=True)
        _sync_folder(where.parent)

    def _place(self, path: str) -> Path:
        """Where `path` lies; raises StorageError where a link on the way leads elsewhere."""
        where = self._root / path
        for folder in where.parents:
            if folder == self._root:
                return where
            if folder.is_symlink():
                raise StorageError(
                    "storage",
                    f"“{printable_name(path)}” in {self.label} lies behind a symbolic link.",
                    "Put a real folder in the place of the link.",
                )
        raise ValueError(path)


def _is_ours(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return journal.is_ours(path) or name == LOCK or name.startswith(UNFINISHED)


def _sync_folder(folder: Path) -> None:
    """So that a rename is on the disk, too; a folder that is gone needs none."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = printable_name(error.strerror or type(error).__name__)
        where = printable_name(str(error.filename or root))
        raise StorageError(
            "storage", f"folder {root}: {what} ({where}).", "Check the path, its owner and its permissions."
        ) from error


def _holds(folder: Path) -> bool:
    patterns = ("certs/*/*", "profiles/*/*")
    paths = (path for pattern in patterns for path in folder.glob(pattern))
    return bool(folders(path.relative_to(folder).as_posix() for path in paths))
