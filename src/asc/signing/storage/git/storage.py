"""A branch of a git repository as a storage.

The branch is cloned shallowly into a private bare repository and read and written by plumbing alone. A change is one
commit, pushed as a plain fast-forward: the server refuses it when another writer was quicker, then the branch is
fetched and the change made anew on top of that. So no writer loses another's work, nobody's history is rewritten, and
a change is stored as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
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

SAME_REFUSAL = 3
"""How often a push is tried while the branch stays as it is: a hook or a host may refuse in passing."""
AUTHOR = re.compile(r"[^<>\x00-\x1f\x7f]* <[^<>\x00-\x1f\x7f]*>")


class GitStorage:
    """The interface `Storage` on a branch, for one thread. Its private clone goes with this object."""

    def __init__(self, location: Location, options: Options) -> None:
        if not AUTHOR.fullmatch(options.author):
            raise StorageError(
                "commit-author", "it is not written as an author.", "Write it as: Name <address>"
            )
        self._location = location
        self._remote = Remote(location, options)
        self._client = self._remote.client
        self._options = options
        self._clock = options.clock

    @property
    def label(self) -> str:
        """Repository and branch."""
        return self._remote.label

    def read(self) -> Files:
        """The files of the branch; none where the repository is empty."""
        return self._files(self._remote.fetch())

    def nearby(self) -> Nearby:
        """Other branches that hold match's files."""
        try:
            branches = self._remote.holders()
        except StorageError as error:
            log.info("%s: other branches could not be looked at: %s", self.label, error.message)
            return Nearby()
        places = tuple(f"branch {printable_name(branch)}" for branch in branches)
        remedy = (
            "Name the branch with the input branch; if another one is to be begun, say create-branch: true."
        )
        return Nearby(places, remedy, on_purpose=self._options.create_branch)

    def prove_writable(self) -> None:
        """Rehearses a push: git asks for everything that comes before sending, and sends nothing.

        Hosts check the right to write there, so a token or a key that may only read is refused as in earnest. What
        they check when they have the commit stays open: protected branches and hooks. For a folder (git+file://)
        nobody is asked, so the permissions of its files are looked at.
        """
        tip = self._remote.fetch()
        commit = self._commit(tip, Changes(), "Rehearsal")
        result = self._remote.push(commit, rehearsal=True)
        if result.code and not trouble.RACE.search(result.words):
            raise self._remote.explainer.writing(result.words)
        if self._location.scheme == "file":
            self._check_folder(Path(unquote(urlsplit(self._location.url).path)))

    def update(self, change: Callable[[Files], Changes], message: str) -> Files:
        """See Storage. `message` becomes the message of the commit."""
        refusals = 0
        for attempt in range(1, self._options.attempts + 1):
            if attempt > 1:
                self._clock.sleep(retry.pause(attempt - 1, None, self._clock.chance()))
            tip = self._remote.fetch()
            files = self._files(tip)
            changes = names.planned(change, files, self.label)
            if not changes:
                return files
            commit = self._commit(tip, changes, message)
            error = self._push(commit, tip)
            if error is None:
                log.info("%s: %s (%s)", self.label, message, commit[:10])
                return changes.applied(files)
            if not isinstance(error, _Overtaken):
                refusals += 1
                if refusals == SAME_REFUSAL or not isinstance(error, trouble.Refused | StorageUnreachable):
                    raise error
            log.info("%s; trying again.", error.message)
        raise StorageError(
            "storage",
            f"{self.label} was changed by others at each of {self._options.attempts} attempts to push.",
            "Run the step again, or let fewer jobs write at the same time (a concurrency group).",
        )

    def _push(self, commit: str, tip: str | None) -> StorageError | None:
        """Pushes; the error where it did not get there."""
        result = self._remote.push(commit)
        overtaken = _Overtaken("storage", f"{self.label}: another writer was quicker ({result.words})", "")
        # “Up to date”: another writer made the very same commit, in the same second. So it was not ours that counted.
        same = any(line.startswith(b"=") for line in result.output.splitlines())
        if same or (result.code and trouble.RACE.search(result.words)):
            return overtaken
        if result.code == 0:
            return None
        with contextlib.suppress(StorageError):
            newest = self._remote.fetch()
            if newest == commit:  # it was applied, and the answer was lost
                return None
            if newest != tip:
                return overtaken
        return self._remote.explainer.writing(result.words)

    def _files(self, tip: str | None) -> Files:
        if tip is None:
            return {}
        found = client.entries(self._client, tip, self.label)
        names.check_sizes({path: entry.size for path, entry in found.items()}, self.label)
        return client.contents(self._client, found)

    def _commit(self, tip: str | None, changes: Changes, message: str) -> str:
        author = f"{self._options.author} {int(self._clock.now())} +0000"
        return client.commit(self._client, tip, changes, message, author)

    def _check_folder(self, root: Path) -> None:
        for folder in ("objects", "refs"):
            for place in (root / folder, root / ".git" / folder):
                if place.is_dir() and not os.access(place, os.W_OK):
                    raise self._remote.explainer.writing(f"{place} is read-only")


class _Overtaken(StorageError):
    """Another writer was quicker."""
