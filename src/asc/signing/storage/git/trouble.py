"""Tells from what git says why it failed, and what to do about it.

git has one exit code for all of this, so its words decide; they are asked for in English (LC_ALL). Words that are not
known make a general error that quotes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from asc.signing.storage.git.access import Access, Location
from asc.signing.storage.model import StorageError, StorageUnreachable, disk_is_full

NOT_REACHED = re.compile(
    r"could not resolve host|failed to connect|couldn't connect|could not connect|connection (timed out|refused|reset)"
    r"|network is unreachable|no route to host|operation too slow|operation timed out|temporary failure in name"
    r"|the remote end hung up|unexpected disconnect|early eof|empty reply from server|recv failure|gnutls_handshake"
    r"|returned error: (429|5\d\d)|rpc failed; http 5|connection closed by|unable to rewind",
    re.IGNORECASE,
)
RACE = re.compile(
    r"fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value|reference already exists"
    r"|already exists|stale info|failed to lock|fetch updates",
    re.IGNORECASE,
)
NO_WRITE = re.compile(
    r"returned error: 403|write access .*not granted|permission .*denied to|read.?only|not allowed to push"
    r"|access denied|insufficient permission|permission to .* denied|service not enabled|unable to create temporary"
    r"|permission denied(?! \()",
    re.IGNORECASE,
)
PROTECTED = re.compile(
    r"protected branch|gh006|gh013|push declined due to|repository rule violations", re.IGNORECASE
)
UNKNOWN_HOST_KEY = re.compile(r"host key verification failed|no .* host key is known", re.IGNORECASE)
KEY_REFUSED = re.compile(r"permission denied \(|too many authentication failures|load key", re.IGNORECASE)
TOKEN_REFUSED = re.compile(
    r"authentication failed|could not read username|could not read password|returned error: 401|invalid credentials",
    re.IGNORECASE,
)
NO_CERTIFICATE = re.compile(
    r"certificate verif|verify failed|ssl certificate|server certificate|peer certificate|certificate problem|cafile",
    re.IGNORECASE,
)
DUBIOUS = re.compile(r"dubious ownership", re.IGNORECASE)
PROXY = re.compile(
    r"from proxy after connect|proxy connect aborted|could not resolve proxy|connect tunnel failed|error: 407",
    re.IGNORECASE,
)
PROXY_WANTS_CREDENTIALS = re.compile(r"(code|response|error:) 407", re.IGNORECASE)
MOVED = re.compile(r"returned error: 30\d|redirect", re.IGNORECASE)
NOT_THERE = re.compile(
    r"not found|returned error: 404|does not appear to be a git repository|does not exist|not a git repository"
    r"|could not be found|no such",
    re.IGNORECASE,
)
NO_SSH = re.compile(r"cannot run ssh|ssh: not found|ssh: command not found", re.IGNORECASE)

NETWORK = (
    "Check that this runner reaches the host (the proxy variables are honoured), then run the step again."
)
TOKEN_READS = "Give a storage-token that may read the repository's contents."
TOKEN_WRITES = "Give a storage-token (or a deploy-key) that may write the repository's contents."


class Refused(StorageError):
    """The push was refused, for a reason of the repository's own: a hook's, mostly. It may pass."""


@dataclass(frozen=True)
class Explainer:
    """Makes errors out of git's words about one repository."""

    location: Location
    access: Access
    label: str

    def reading(self, words: str) -> StorageError:
        """Why the repository could not be read."""
        if DUBIOUS.search(words):  # git's own remedy names the path, and is worth nothing without it
            return self._error(
                "storage", f"belongs to another user: {words}", "Run the command that git names."
            )
        words = self._without_names(words)
        return self._common(words) or self._refused_reading(words)

    def writing(self, words: str) -> StorageError:
        """Why a push was refused."""
        words = self._without_names(words)
        if full := disk_is_full(words):
            return full
        if PROTECTED.search(words):
            return self._error(
                "storage",
                f"protects the branch against pushes: {words}",
                "Let the token's owner (or the deploy key) push there, or name another branch.",
            )
        if NO_WRITE.search(words):
            return self._error(
                self._way_in(), f"may be read but not written: {words}", self._writing_remedy()
            )
        if (common := self._common(words)) is not None:
            return common
        if NOT_THERE.search(words):
            return self._error(
                self._way_in(), f"may be read but not written: {words}", self._writing_remedy()
            )
        what = f"{self.label} refused the push: {words}"
        return Refused("storage", what, "The repository's own words say what to change.")

    def _without_names(self, words: str) -> str:
        """Many repositories are called “certificates”, or worse: what they are called explains nothing."""
        path = self.location.url.partition("://")[2].partition("/")[2] or self.location.url.rpartition(":")[2]
        bare = path.rstrip("/").removesuffix(".git").strip("/")
        for name in (self.location.url, path, f"{bare}.git", bare):
            if "/" in name or name.endswith(".git"):
                words = words.replace(name, "…")
        return words

    def _common(self, words: str) -> StorageError | None:
        if PROXY.search(words):
            # Credentials that are missing do not come by waiting; every other answer of a proxy may pass.
            kind = StorageError if PROXY_WANTS_CREDENTIALS.search(words) else StorageUnreachable
            return kind(
                "storage",
                f"{self.label} could not be reached, for the proxy refused: {words}",
                "Check the proxy variables (HTTPS_PROXY, NO_PROXY) and the user and password in them.",
            )
        if full := disk_is_full(words):
            return full
        if NO_SSH.search(words):
            return self._error(
                "storage", f"needs the ssh command: {words}", "Install an SSH client, or use https."
            )
        if UNKNOWN_HOST_KEY.search(words):
            return self._error(
                "known-hosts",
                f"is on a host whose SSH key is not known here: {words}",
                f"Give known-hosts: the output of “ssh-keyscan {self._scanned()}”, compared with what the host "
                "publishes.",
            )
        if KEY_REFUSED.search(words):
            return self._error(
                "deploy-key",
                f"did not let the SSH key in: {words}",
                "Give deploy-key, a private key without a passphrase whose public half the repository knows.",
            )
        if TOKEN_REFUSED.search(words):
            known = "did not accept the token" if self.access.token else "wants a token"
            return self._error("storage-token", f"{known}: {words}", TOKEN_READS)
        if NOT_REACHED.search(words):
            return StorageUnreachable("storage", f"{self.label} could not be reached: {words}", NETWORK)
        if NO_CERTIFICATE.search(words):
            return self._error(
                "storage",
                f"is on a host whose certificate was not accepted: {words}",
                "Behind a proxy that opens https, name its authority's file with SSL_CERT_FILE.",
            )
        return None

    def _refused_reading(self, words: str) -> StorageError:
        if MOVED.search(words):
            return self._error(
                "storage", f"has moved: {words}", "Write its new address; a token follows no redirect."
            )
        if NOT_THERE.search(words) or NO_WRITE.search(words):
            remedy = f"Check the address. {self._reading_remedy()}"
            if self.access.is_job_token:
                remedy = f"GITHUB_TOKEN reaches the workflow's own repository alone. {TOKEN_READS}"
            return self._error(self._way_in(), f"is not there, or may not be read: {words}", remedy)
        return self._error("storage", f"could not be read: {words}", "git's own words say what is wrong.")

    def _reading_remedy(self) -> str:
        if self.location.scheme == "ssh":
            return "Give a deploy-key whose public half this repository knows: ssh takes no token."
        return TOKEN_READS

    def _scanned(self) -> str:
        """What ssh-keyscan is asked for: the host, and its port where that is another than 22."""
        port = urlsplit(self.location.url).port if "://" in self.location.url else None
        return f"-p {port} {self.location.host}" if port and port != 22 else self.location.host

    def _way_in(self) -> str:
        if self.location.scheme == "ssh":
            return "deploy-key"
        return "storage" if self.location.scheme == "file" else "storage-token"

    def _writing_remedy(self) -> str:
        if self.location.scheme == "ssh":
            return "Give the deploy key write access (“Allow write access” on GitHub), or use another key."
        if self.location.scheme == "file":
            return "Make the repository's folder writable for the user that the step runs as."
        if self.access.is_job_token:
            return f"GITHUB_TOKEN needs “permissions: contents: write”, or else: {TOKEN_WRITES}"
        return TOKEN_WRITES

    def _error(self, input: str, what: str, remedy: str) -> StorageError:
        return StorageError(input, f"{self.label} {what}", remedy)
