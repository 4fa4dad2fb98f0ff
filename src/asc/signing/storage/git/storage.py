"""Keep signing assets on a branch of a git repository.

The branch is fetched shallowly into a private bare repository, without a work tree. A change is one commit, pushed as a
plain fast-forward. If another writer was quicker, the server refuses the push; the branch is then fetched again and the
change made on top of it. So no writer loses another's work, no history is rewritten, and a change is stored as a whole
or not at all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from asc.api import retry
from asc.signing.storage import names
from asc.signing.storage.git import client, trouble
from asc.signing.storage.git.access import Location
from asc.signing.storage.git.remote import Remote
from asc.signing.storage.model import Changes, Files, Options, StorageError, StorageUnreachable
from asc.signing.storage.nearby import Nearby
from asc.words import printable_name

log = logging.getLogger(__name__)

PUSHES = {trouble.Refused: 3, StorageUnreachable: 3, trouble.Raced: 6}
"""Attempts to push by the error, as long as the branch stays unchanged; one for other errors.

A hook or a host may refuse for a moment. After a race, the host may read from a copy that lags behind.
"""
AUTHOR = "app-store-connect-actions <app-store-connect-actions@users.noreply.github.com>"


class GitStorage:
    """The interface `Storage` on a branch, for one thread. Its private clone is removed together with this object."""

    def __init__(self, location: Location, options: Options) -> None:
        self._location = location
        self._remote = Remote(location, options)
        self._client = self._remote.client
        self._options = options
        self._clock = options.clock

    @property
    def label(self) -> str:
        """Return the address of the repository and its branch, for messages."""
        return self._remote.label

    def read(self) -> Files:
        """Return the files of the branch; an empty repository has none."""
        return self._files(self._remote.fetch())

    def nearby(self) -> Nearby:
        """Return the other branches that hold match's files."""
        try:
            branches = self._remote.other_branches_with_files()
        except StorageError as error:
            log.info("%s: other branches could not be read: %s", self.label, error.message)
            return Nearby()
        places = tuple(f"branch {printable_name(branch)}" for branch in branches)
        remedy = "Set the input branch to that branch, or set create-branch: true to begin a new one."
        return Nearby(places, remedy, on_purpose=self._options.create_branch)

    def prove_writable(self) -> None:
        """Rehearse a push: git negotiates it completely and sends nothing. Raises StorageError if it is refused.

        Hosts check the right to write at this point, so a read-only token or key is refused. Protected branches and
        hooks are only checked when the commit arrives. In a local folder (git+file://) the permissions of its files are
        checked instead.
        """
        tip = self._remote.fetch()
        commit = self._commit(tip, Changes(), "Rehearsal")
        result = self._remote.push(commit, rehearsal=True)
        # Another writer changed the branch meanwhile: the host checks access before it reports that.
        if result.code and not trouble.RACE.search(result.words):
            raise self._remote.explainer.writing(result.words)
        if self._location.scheme == "file":
            self._check_folder(Path(unquote(urlsplit(self._location.url).path)))

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """Store a change as described at Storage.update; `message` becomes the message of the commit."""
        failures, before = 0, None
        for attempt in range(1, self._options.attempts + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            tip = self._remote.fetch()
            failures, before = failures if tip == before else 0, tip
            files = self._files(tip)
            changes = names.planned(change, files, self.label)
            if not changes:
                return files
            commit = self._commit(tip, changes, message)
            error = self._push(commit, tip)
            if error is None:
                log.info("Wrote to the %s: %s (commit %s)", self.label, message, commit[:10])
                return changes.applied(files)
            failures += 1
            if not isinstance(error, _Overtaken) and failures >= PUSHES.get(type(error), 1):
                raise error
            log.info("%s; trying again.", error.message)
        raise StorageError(
            "storage",
            f"{self.label} was changed by others at each of {self._options.attempts} attempts to push.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _push(self, commit: str, tip: str | None) -> StorageError | None:
        """Push a commit made on `tip`. Return the error if it did not arrive."""
        result = self._remote.push(commit)
        if result.code == 0:
            return None
        # The branch decides and not the message: a hook may write “already exists” as well.
        with contextlib.suppress(StorageError):
            newest = self._remote.fetch()
            # The push was applied, but its answer was lost.
            if newest == commit:
                return None
            if newest != tip:
                return _Overtaken("storage", f"{self.label}: another writer was quicker ({result.words})", "")
        return self._remote.explainer.writing(result.words)

    def _files(self, tip: str | None) -> Files:
        if tip is None:
            return {}
        files = client.entries(self._client, tip, self.label)
        names.check_sizes({path: entry.size for path, entry in files.items()}, self.label)
        return client.contents(self._client, files)

    def _commit(self, tip: str | None, changes: Changes, message: str) -> str:
        author = f"{AUTHOR} {int(self._clock.now())} +0000"
        # Two writers that make the same change in one second would make one commit, and both would take it for theirs.
        message = f"{message}\n\nWrite-Id: {uuid.uuid4().hex}\n"
        return client.commit(self._client, tip, changes, message, author)

    def _check_folder(self, root: Path) -> None:
        for folder in ("objects", "refs"):
            for place in (root / folder, root / ".git" / folder):
                if place.is_dir() and not os.access(place, os.W_OK):
                    raise self._remote.explainer.writing(f"{place} is read-only")


class _Overtaken(StorageError):
    """Another writer was quicker, so the change has to be made again."""
