"""Where a git repository is: `https://….git`, `ssh://…`, `git@host:path`, and `git+` before any of these or file://."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from asc.api.address import is_loopback
from asc.signing.storage.model import StorageError

PLAIN = re.compile(r"(?!-)[\x21-\x7e]+")
"""What an address is written with. A dash in front would be an option to git or ssh."""
SCP = re.compile(
    r"(?P<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>(?!/?-).+)"
)


@dataclass(frozen=True)
class Location:
    """A repository. `url` is what git gets and holds no secret; `user` is that of https, where the location names one.

    `scheme` is https, http, ssh or file. `host` is empty for files.
    """

    url: str
    scheme: str
    host: str
    user: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as git matches settings against: "https://example.com:8443/"."""
        return urlunsplit((self.scheme, urlsplit(self.url).netloc, "/", "", ""))


def is_git(text: str) -> bool:
    """Whether a location speaks of a git repository."""
    if text.startswith(("git+", "ssh://")):
        return True
    if "://" in text:
        return text.startswith(("https://", "http://")) and text.rstrip("/").endswith(".git")
    return SCP.fullmatch(text) is not None


def parse(text: str) -> Location:
    """Reads a location; raises StorageError. No message shows the address, for a password may be in it."""
    url = text.removeprefix("git+")
    if not PLAIN.fullmatch(url):
        raise _wrong("it has blanks or other characters that addresses do not have, or begins with a dash")
    if match := SCP.fullmatch(url) if "://" not in url else None:
        return Location(url, "ssh", match["host"])
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("it is no address") from None
    if parts.query or parts.fragment:
        raise _wrong("it has a ? or a #")
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return Location(url, "file", "")
    if not host or host.startswith("-") or not parts.path.strip("/"):
        raise _wrong("it names no host or no repository")
    if parts.scheme == "ssh" and not parts.password and not (parts.username or "").startswith("-"):
        return Location(url, "ssh", host)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        if parts.password:
            raise _wrong("it holds a password", "Take it out of the address and give it as storage-token.")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Location(bare, parts.scheme, host, parts.username or "")
    raise _wrong("only https://, ssh://, git@host:path and git+file:// reach a git repository")


def _wrong(
    reason: str, remedy: str = "Write it as https://github.com/OWNER/REPOSITORY.git, for example."
) -> StorageError:
    return StorageError("storage", f"the address of the git repository is not one to use: {reason}.", remedy)
