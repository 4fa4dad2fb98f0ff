"""The branch on the other side: fetched, looked at and pushed to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeVar

from asc.api import retry
from asc.signing.storage.git.access import Access, Location
from asc.signing.storage.git.client import GitClient, GitResult
from asc.signing.storage.git.trouble import Explainer
from asc.signing.storage.model import Options, StorageError, StorageUnreachable
from asc.signing.storage.nearby import MOST_BRANCHES, folders
from asc.words import printable_name

log = logging.getLogger(__name__)

FIRST_BRANCH = "master"
"""What match names the branch of an empty repository."""
MARKS = ("certs", "profiles", "match_version.txt")
"""One of these stands in every tree of match's."""
TIP = "refs/asc/tip"
NEAR = "refs/asc/near/"
UNREACHABLE_ATTEMPTS = 3
NO_SUCH_REF = re.compile(r"couldn't find remote ref", re.IGNORECASE)
BRANCH = re.compile(r"(?![-./])(?!.*(\.\.|@\{|//|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
"""What git takes as the name of a branch."""

_Answer = TypeVar("_Answer")


class Remote:
    """One branch of one repository. `branch` is empty until the default branch had to be known."""

    def __init__(self, location: Location, options: Options) -> None:
        if options.branch and not BRANCH.fullmatch(options.branch):
            raise StorageError(
                "branch", f"“{printable_name(options.branch)}” is no name of a branch.", "Correct it."
            )
        self._location = location
        self._options = options
        self._access = Access(location, options)
        self.client = GitClient(self._access, options)
        self.branch = options.branch
        self._ready = False

    @property
    def label(self) -> str:
        """Where the branch is."""
        which = f"branch {self.branch}" if self.branch else "default branch"
        return f"git repository {self._location.url} ({which})"

    @property
    def explainer(self) -> Explainer:
        """What makes errors of git's words."""
        return Explainer(self._location, self._access, self.label)

    def fetch(self) -> str | None:
        """The newest commit of the branch, with its files; None where it is still to be begun.

        Raises StorageError: no such branch, no access, not reached.
        """
        return self._persistently(self._fetch)

    def holders(self) -> list[str]:
        """The other branches with files of match's in them. Raises StorageError."""
        default, heads = self._heads()
        others = sorted(heads - {self.branch or default})[:MOST_BRANCHES]
        if not others:
            return []
        wanted = [f"+refs/heads/{branch}:{NEAR}{number}" for number, branch in enumerate(others)]
        result = self.client.run(
            *(
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-gc",
                "--refmap=",
            ),
            *("--no-recurse-submodules", "--", self._location.url, *wanted),
        )
        if result.code:
            raise self.explainer.reading(result.words)
        return [branch for number, branch in enumerate(others) if folders(self._names(f"{NEAR}{number}"))]

    def _names(self, commit: str) -> list[str]:
        listed = self.client.must("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
        return listed.decode("utf-8", "replace").split("\0")

    def push(self, commit: str, *, rehearsal: bool = False) -> GitResult:
        """Pushes `commit` to the branch, or asks for everything that comes before. The result has all words."""
        if not self.branch:
            self.branch = self._persistently(self._default_branch)
        options = ["--dry-run"] if rehearsal else []
        target = f"{commit}:refs/heads/{self.branch}"
        result = self.client.run(
            "push", "--porcelain", "--no-verify", "--no-signed", *options, "--", self._location.url, target
        )
        refusals = [
            line for line in result.output.decode("utf-8", "replace").split("\n") if line.startswith("!")
        ]
        said = " / ".join([result.words, *(line.rpartition("\t")[2] for line in refusals)])
        return GitResult(result.code, result.output, self.client.presentable(said))

    def _persistently(self, ask: Callable[[], _Answer]) -> _Answer:
        """Asks again, after a pause, where nothing answered."""
        for attempt in range(1, UNREACHABLE_ATTEMPTS):
            try:
                return ask()
            except StorageUnreachable as error:
                log.info("%s; trying again.", error.message)
                self._options.clock.sleep(retry.pause(attempt, None, self._options.clock.chance()))
        return ask()

    def _fetch(self, again: bool = False) -> str | None:
        if not self._ready:
            self.client.must("init", "--quiet", "--bare", "--template=", str(self.client.repository))
            self._ready = True
        wanted = f"refs/heads/{self.branch}" if self.branch else "HEAD"
        result = self.client.run(
            *(
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-gc",
                "--refmap=",
            ),
            *("--no-recurse-submodules", "--", self._location.url, f"+{wanted}:{TIP}"),
        )
        if result.code == 0:
            if not self.branch and self._is_elsewhere():
                self.branch = FIRST_BRANCH
                return self._fetch()
            return self.client.must("rev-parse", "--verify", f"{TIP}^{{commit}}").decode("ascii").strip()
        if not NO_SUCH_REF.search(result.words):
            raise self.explainer.reading(result.words)
        return self._fetch_other(again)

    def _is_elsewhere(self) -> bool:
        """Whether match would find its files: it writes to `master` unless told, whatever the default branch is."""
        there = self.client.must("ls-tree", "-z", "--name-only", TIP, "--", *MARKS)
        if there:
            return False
        default, heads = self._heads()
        return default != FIRST_BRANCH and FIRST_BRANCH in heads

    def _fetch_other(self, again: bool) -> str | None:
        """After the wanted branch was not found: an empty repository, or a HEAD that leads nowhere, is no error.

        Nor is a branch that is there now: another writer has just begun it.
        """
        _, heads = self._heads()
        wanted = self.branch or FIRST_BRANCH
        if wanted in heads and not again:
            self.branch = wanted
            return self._fetch(again=True)
        if not heads or (self.branch and self._options.create_branch):
            self.branch = self.branch or FIRST_BRANCH
            return None
        there = printable_name(", ".join(sorted(heads)))
        raise StorageError(
            "branch",
            f"{self.label} does not exist; there are: {there}.",
            "Correct the branch, or make it before this step reads it.",
        )

    def _default_branch(self) -> str:
        default, _ = self._heads()
        return default or FIRST_BRANCH

    def _heads(self) -> tuple[str, set[str]]:
        """The branch that HEAD names, "" where none is to be seen, and all branches."""
        result = self.client.run("ls-remote", "--symref", "--", self._location.url, "HEAD", "refs/heads/*")
        if result.code:
            raise self.explainer.reading(result.words)
        default, heads = "", set()
        for line in result.output.decode("utf-8", "replace").splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: refs/heads/"):
                default = value.removeprefix("ref: refs/heads/")
            elif name.startswith("refs/heads/"):
                heads.add(name.removeprefix("refs/heads/"))
        return default, heads
