"""Keep signing assets in a folder (`dir:PATH`), for one machine or a shared disk.

Writers take turns with a lock (flock on `.asc-lock`, which stays), so an update reads the newest files. A change of
several files is stored as one through the journal (asc.signing.storage.journal), which exists only during the change.
flock works between machines on NFS from version 4 on; on other shared disks it may only order the processes of one
machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from asc.errors import writing_remedy
from asc.private_files import write_private
from asc.signing.storage import journal, names
from asc.signing.storage.journal import Journal
from asc.signing.storage.model import Changes, Files, StorageError
from asc.signing.storage.nearby import MOST_BRANCHES, Nearby, folders
from asc.words import printable_name

log = logging.getLogger(__name__)

LOCK = ".asc-lock"
UNFINISHED = ".asc-new-"
"""The prefix of a file's name until it is written completely. A killed writer leaves such files behind."""


class FolderStorage:
    """The interface `Storage` on a folder. `update` creates the folder if it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.label = f"folder {root}"

    def read(self) -> Files:
        """Return all files, without changing anything in the folder. Waits for a writer to finish."""
        with _explained(self._root):
            if not self._root.is_dir():
                raise StorageError(
                    "storage", f"{self.label} does not exist.", "Make it, or correct its path."
                )
            while True:
                # Readers never create the lock: the folder may be read-only for them.
                lockable = (self._root / LOCK).exists()
                with self._locked(exclusive=False) if lockable else contextlib.nullcontext():
                    files = self._pending().applied_to(self._files())
                if lockable or not (self._root / LOCK).exists():
                    return files
                # The first writer has just created the lock, so these files may be a mixture: read them again.

    def nearby(self) -> Nearby:
        """Return the folders beside this one, and the one around it, that hold match's files."""
        parent = self._root.parent
        try:
            beside = [parent, *(path for path in sorted(parent.iterdir()) if path.is_dir())][:MOST_BRANCHES]
            held = [path for path in beside if path != self._root and _has_files_of_match(path)]
        except OSError:
            return Nearby()
        return Nearby(
            tuple(f"folder {path}" for path in held), "Correct the path in storage.", on_purpose=True
        )

    def prove_writable(self) -> None:
        """Create a file and remove it, in the nearest existing folder. Raises StorageError if that fails."""
        with _explained(self._root):
            place = next(parent for parent in (self._root, *self._root.parents) if parent.exists())
            probe = place / (UNFINISHED + secrets.token_hex(8))
            probe.touch(mode=0o600)
            probe.unlink()

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """Store a change as described at Storage.update; `message` goes to the log."""
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
                    # From this write on, the change counts as stored: readers and later writers complete it.
                    self._write(journal.NAME, Journal(1, journal.new_identity(), changes).encode())
                    self._carry_out(changes)
                    log.info("Wrote to the %s: %s", self.label, message)
                return changes.applied(files)

    @contextlib.contextmanager
    def _locked(self, *, exclusive: bool) -> Iterator[None]:
        # A shared lock only needs a readable file, so it works in read-only folders too.
        flags = os.O_CREAT | os.O_RDWR if exclusive else os.O_RDONLY
        descriptor = os.open(self._root / LOCK, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def _files(self) -> dict[str, bytes]:
        files = {path: file for path, file in self._walk() if not _is_ours(path)}
        accepted = names.accepted(files, self.label)
        names.check_sizes({path: files[path].stat().st_size for path in accepted}, self.label)
        return {path: files[path].read_bytes() for path in accepted}

    def _walk(self) -> Iterator[tuple[str, Path]]:
        """Yield path and file of each plain file below the root, without links and git's own folder."""
        for folder, below, files in os.walk(self._root):
            below[:] = [name for name in below if name != ".git"]
            # os.walk lists links to folders as folders; a link could lead anywhere, so none is followed.
            for name in [*files, *(name for name in below if (Path(folder) / name).is_symlink())]:
                file = Path(folder) / name
                path = file.relative_to(self._root).as_posix()
                if file.is_symlink() or not file.is_file():
                    log.warning(
                        "%s: skipped “%s” because it is not a plain file.", self.label, printable_name(path)
                    )
                else:
                    yield path, file

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
            file = self._file(path)
            file.unlink(missing_ok=True)
            _sync_folder(file.parent)
        # The journal goes last: without it nobody would complete a change that is cut off here.
        (self._root / journal.NAME).unlink(missing_ok=True)
        _sync_folder(self._root)

    def _write(self, path: str, data: bytes) -> None:
        target = self._file(path)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = target.parent / (UNFINISHED + secrets.token_hex(8))
        # The content reaches the disk before the name: otherwise a crash could leave an empty file.
        write_private(target, data, new, durable=True)
        _sync_folder(target.parent)

    def _file(self, path: str) -> Path:
        """Return the file of `path`. Raises StorageError if one of its folders is a link."""
        file = self._root / path
        for folder in file.parents:
            if folder == self._root:
                return file
            if folder.is_symlink():
                raise StorageError(
                    "storage",
                    f"“{printable_name(path)}” in {self.label} lies behind a symbolic link.",
                    "Replace the link with a real folder.",
                )
        raise ValueError(path)


def _is_ours(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return journal.is_ours(path) or name == LOCK or name.startswith(UNFINISHED)


def _sync_folder(folder: Path) -> None:
    """Write a folder to the disk, so that a rename in it survives a crash. A missing folder is ignored."""
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
        reason = printable_name(error.strerror or type(error).__name__)
        path = printable_name(str(error.filename or root))
        raise StorageError(
            "storage",
            f"folder {root}: {reason} ({path}).",
            writing_remedy(error, "Check the path, its owner and its permissions."),
        ) from error


def _has_files_of_match(folder: Path) -> bool:
    patterns = ("certs/*/*", "profiles/*/*")
    paths = (path for pattern in patterns for path in folder.glob(pattern))
    return bool(folders(path.relative_to(folder).as_posix() for path in paths))
