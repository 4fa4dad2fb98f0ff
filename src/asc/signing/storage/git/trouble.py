"""Recognise in git's messages why a command failed, and name the remedy.

git has one exit code for nearly all failures, so its messages decide; they are requested in English (LC_ALL). An
unknown message becomes a general error that quotes it.
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
    r"|returned error: (429|5\d\d)|rpc failed; http 5|connection closed by|unable to rewind"
    r"|rpc failed; curl|transfer closed|bytes of body are still expected|unexpected eof",
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

# The patterns cover the messages of git, ssh and curl, and of the servers of GitHub, GitLab and Bitbucket.
NETWORK = (
    "Check that this runner reaches the host (the proxy variables are honoured), then run the step again."
)
FOLLOW = "Follow the message of the repository."
TOKEN_READS = "Set storage-token to a token with read access to the repository's contents."
TOKEN_WRITES = "Set storage-token (or deploy-key) to one with write access to the repository's contents."


class Refused(StorageError):
    """The repository itself refused the push, usually by a hook. A later push may succeed."""


class Raced(StorageError):
    """git reported that another writer was quicker, or holds the lock of the branch. A later push may succeed."""


@dataclass(frozen=True)
class Explainer:
    """Turns git's messages about one repository into errors."""

    location: Location
    access: Access
    label: str

    def reading(self, words: str) -> StorageError:
        """Return the error for a repository that could not be read."""
        # Git's own remedy contains the path, so the path has to stay in the message.
        if DUBIOUS.search(words):
            return self._error(
                "storage", f"belongs to another user: {words}", "Run the command that git names."
            )
        words = self._without_names(words)
        return self._common(words) or self._refused_reading(words)

    def writing(self, words: str) -> StorageError:
        """Return the error for a push that was refused."""
        words = self._without_names(words)
        if full := disk_is_full(words):
            return full
        # The words of a race come first, because they are precise: the patterns below match parts of many messages.
        if RACE.search(words):
            return Raced("storage", f"{self.label} refused the push: {words}", FOLLOW)
        if PROTECTED.search(words):
            return self._error(
                "storage",
                f"protects the branch against pushes: {words}",
                "Let the token's owner (or the deploy key) push there, or name another branch.",
            )
        if NO_WRITE.search(words):
            return self._not_writable(words)
        if (common := self._common(words)) is not None:
            return common
        # The repository was read before, so “not found” means that the right to write is missing.
        if NOT_THERE.search(words):
            return self._not_writable(words)
        return Refused("storage", f"{self.label} refused the push: {words}", FOLLOW)

    def _not_writable(self, words: str) -> StorageError:
        message = f"may be read but not written: {words}"
        return self._error(self._input_of_access(), message, self._writing_remedy())

    def _without_names(self, words: str) -> str:
        """Return the message without the repository's names."""
        # A repository may be called “certificates” or “not-found”, and the patterns must not match its name.
        path = self.location.url.partition("://")[2].partition("/")[2] or self.location.url.rpartition(":")[2]
        bare = path.rstrip("/").removesuffix(".git").strip("/")
        for name in (self.location.url, path, f"{bare}.git", bare):
            if "/" in name or name.endswith(".git"):
                words = words.replace(name, "…")
        return words

    def _common(self, words: str) -> StorageError | None:
        """Return the error for a failure that reading and writing share, or None."""
        # Refused credentials come before the network: ssh also reports a closed connection after refusing a key.
        return (
            self._refused_by_proxy(words)
            or disk_is_full(words)
            or self._without_access(words)
            or self._not_reached(words)
        )

    def _refused_by_proxy(self, words: str) -> StorageError | None:
        if not PROXY.search(words):
            return None
        # Waiting does not help if credentials are missing; any other answer of a proxy may change.
        kind = StorageError if PROXY_WANTS_CREDENTIALS.search(words) else StorageUnreachable
        return kind(
            "storage",
            f"{self.label} could not be reached because the proxy refused: {words}",
            "Check the proxy variables (HTTPS_PROXY, NO_PROXY) and the user and password in them.",
        )

    def _without_access(self, words: str) -> StorageError | None:
        if NO_SSH.search(words):
            return self._error(
                "storage", f"needs the ssh command: {words}", "Install an SSH client, or use https."
            )
        if UNKNOWN_HOST_KEY.search(words):
            return self._error(
                "known-hosts",
                f"is on a host with an unknown SSH key: {words}",
                f"Set known-hosts to the output of “ssh-keyscan {self._keyscan_target()}”, after comparing it with the "
                "keys that the host publishes.",
            )
        if KEY_REFUSED.search(words):
            return self._error(
                "deploy-key",
                f"did not accept the SSH key: {words}",
                "Set deploy-key to a private key without a passphrase, and add its public half to the repository.",
            )
        if TOKEN_REFUSED.search(words):
            problem = "did not accept the token" if self.access.token else "needs a token"
            return self._error("storage-token", f"{problem}: {words}", TOKEN_READS)
        return None

    def _not_reached(self, words: str) -> StorageError | None:
        if NOT_REACHED.search(words):
            return StorageUnreachable("storage", f"{self.label} could not be reached: {words}", NETWORK)
        if NO_CERTIFICATE.search(words):
            return self._error(
                "storage",
                f"is on a host with a certificate that was not accepted: {words}",
                "Behind a proxy that opens https, set SSL_CERT_FILE to the file of its certificate authority.",
            )
        return None

    def _refused_reading(self, words: str) -> StorageError:
        if MOVED.search(words):
            return self._error(
                "storage",
                f"has moved: {words}",
                "Write its new address; redirects are not followed with a token.",
            )
        if NOT_THERE.search(words) or NO_WRITE.search(words):
            remedy = f"Check the address. {self._reading_remedy()}"
            if self.access.is_job_token:
                remedy = f"{TOKEN_READS} GITHUB_TOKEN only reaches the workflow's own repository."
            return self._error(
                self._input_of_access(), f"does not exist, or may not be read: {words}", remedy
            )
        return self._error("storage", f"could not be read: {words}", "Follow the message of git.")

    def _reading_remedy(self) -> str:
        if self.location.scheme == "ssh":
            return "Set deploy-key to a key of this repository; ssh does not accept a token."
        return TOKEN_READS

    def _keyscan_target(self) -> str:
        """Return the host for ssh-keyscan, with its port if that is not 22."""
        port = urlsplit(self.location.url).port if "://" in self.location.url else None
        return f"-p {port} {self.location.host}" if port and port != 22 else self.location.host

    def _input_of_access(self) -> str:
        """Return the input that decides on the access to the repository."""
        if self.location.scheme == "ssh":
            return "deploy-key"
        return "storage" if self.location.scheme == "file" else "storage-token"

    def _writing_remedy(self) -> str:
        if self.location.scheme == "ssh":
            return "Give the deploy key write access (“Allow write access” on GitHub), or use another key."
        if self.location.scheme == "file":
            return "Make the repository's folder writable for the user that the step runs as."
        if self.access.is_job_token:
            return f"Give GITHUB_TOKEN “permissions: contents: write”. For another repository: {TOKEN_WRITES}"
        return TOKEN_WRITES

    def _error(self, input: str, what: str, remedy: str) -> StorageError:
        return StorageError(input, f"{self.label} {what}", remedy)
