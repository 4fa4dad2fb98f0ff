"""Fetch, inspect and push the branch of the remote repository."""

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
"""The name that match gives to the branch of an empty repository."""
MARKS = ("certs", "profiles", "match_version.txt")
"""Every tree of match has at least one of these."""
TIP = "refs/asc/tip"
"""The local reference to the newest commit of the branch."""
NEAR = "refs/asc/near/"
"""The prefix of local references to other branches."""
UNREACHABLE_ATTEMPTS = 3
"""Attempts for one command while the host does not answer."""
NO_SUCH_REF = re.compile(r"couldn't find remote ref", re.IGNORECASE)
BRANCH = re.compile(r"(?![-./])(?!.*(\.\.|@\{|//|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
"""The branch names that git allows (git-check-ref-format(1))."""

FETCH = (
    *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap="),
    "--no-recurse-submodules",
)
"""The options of every fetch: one commit, nothing besides."""

_Answer = TypeVar("_Answer")


class Remote:
    """One branch of one repository. `branch` is empty until the name of the default branch is needed.

    Raises StorageError if the name of the branch or the credentials are malformed.
    """

    def __init__(self, location: Location, options: Options) -> None:
        if options.branch and not BRANCH.fullmatch(options.branch):
            raise StorageError(
                "branch",
                f"“{printable_name(options.branch)}” is not the name of a branch.",
                "Correct the name of the branch.",
            )
        self._location = location
        self._options = options
        self._access = Access(location, options)
        self.client = GitClient(self._access, options)
        self.branch = options.branch
        self._ready = False

    @property
    def label(self) -> str:
        """Return the address of the repository and its branch, for messages."""
        which = f"branch {self.branch}" if self.branch else "default branch"
        return f"git repository {self._location.url} ({which})"

    @property
    def explainer(self) -> Explainer:
        """Return the object that turns git's messages into errors for this repository."""
        return Explainer(self._location, self._access, self.label)

    def fetch(self) -> str | None:
        """Fetch the branch and return its newest commit, or None if the branch has none yet.

        Raises StorageError: no such branch, access denied, host not reached.
        """
        return self._retrying(self._fetch)

    def other_branches_with_files(self) -> list[str]:
        """Return the other branches that hold match's files. Raises StorageError."""
        default, heads = self._heads()
        others = sorted(heads - {self.branch or default})[:MOST_BRANCHES]
        if not others:
            return []
        # The references are numbered, so that a branch's name never becomes a name on the disk.
        refs = [f"+refs/heads/{branch}:{NEAR}{number}" for number, branch in enumerate(others)]
        result = self.client.run(*FETCH, "--", self._location.url, *refs)
        if result.code:
            raise self.explainer.reading(result.words)
        return [branch for number, branch in enumerate(others) if folders(self._names(f"{NEAR}{number}"))]

    def _names(self, commit: str) -> list[str]:
        listed = self.client.run_checked("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
        return listed.decode("utf-8", "replace").split("\0")

    def push(self, commit: str, *, rehearsal: bool = False) -> GitResult:
        """Push `commit` to the branch, or only negotiate the push for a rehearsal.

        The result's words include the reasons of refusals.
        """
        if not self.branch:
            self.branch = self._retrying(self._default_branch)
        options = ["--dry-run"] if rehearsal else []
        target = f"{commit}:refs/heads/{self.branch}"
        result = self.client.run(
            "push", "--porcelain", "--no-verify", "--no-signed", *options, "--", self._location.url, target
        )
        # With --porcelain, git prints the reason of a refusal to standard output.
        refusals = [
            line for line in result.output.decode("utf-8", "replace").split("\n") if line.startswith("!")
        ]
        said = " / ".join([result.words, *(line.rpartition("\t")[2] for line in refusals)])
        return GitResult(result.code, result.output, self.client.presentable(said))

    def _retrying(self, ask: Callable[[], _Answer]) -> _Answer:
        """Call `ask` again after a pause if the host did not answer."""
        for attempt in range(1, UNREACHABLE_ATTEMPTS):
            try:
                return ask()
            except StorageUnreachable as error:
                log.info("%s; trying again.", error.message)
                self._options.clock.sleep(retry.pause(attempt, None, self._options.clock.chance()))
        return ask()

    def _fetch(self, again: bool = False) -> str | None:
        if not self._ready:
            self.client.run_checked("init", "--quiet", "--bare", "--template=", str(self.client.repository))
            self._ready = True
        ref = f"refs/heads/{self.branch}" if self.branch else "HEAD"
        result = self.client.run(*FETCH, "--", self._location.url, f"+{ref}:{TIP}")
        if result.code == 0:
            if not self.branch and self._is_elsewhere():
                self.branch = FIRST_BRANCH
                return self._fetch()
            return (
                self.client.run_checked("rev-parse", "--verify", f"{TIP}^{{commit}}").decode("ascii").strip()
            )
        if not NO_SUCH_REF.search(result.words):
            raise self.explainer.reading(result.words)
        return self._fetch_other(again)

    def _is_elsewhere(self) -> bool:
        """Return True if match would read the branch `master` instead of the default branch."""
        # Without the option git_branch, match writes to master, whatever the default branch is.
        marks = self.client.run_checked("ls-tree", "-z", "--name-only", TIP, "--", *MARKS)
        if marks:
            return False
        default, heads = self._heads()
        return default != FIRST_BRANCH and FIRST_BRANCH in heads

    def _fetch_other(self, again: bool) -> str | None:
        """Decide about a branch that was not found: fetch it, begin it (None), or raise StorageError."""
        _, heads = self._heads()
        branch = self.branch or FIRST_BRANCH
        if branch in heads and not again:
            # Another writer has just created it, or HEAD names a branch that does not exist.
            self.branch = branch
            return self._fetch(again=True)
        # An empty repository is no error: the first update creates its branch.
        if not heads or (self.branch and self._options.create_branch):
            self.branch = self.branch or FIRST_BRANCH
            return None
        others = printable_name(", ".join(sorted(heads)))
        raise StorageError(
            "branch",
            f"{self.label} does not exist; the repository has: {others}.",
            "Correct the branch, or create it before this step.",
        )

    def _default_branch(self) -> str:
        default, _ = self._heads()
        return default or FIRST_BRANCH

    def _heads(self) -> tuple[str, set[str]]:
        """Return the branch that HEAD names, "" if the host does not tell, and all branches. Raises StorageError."""
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
