"""Where objects are: the container that a location names, the folder in it, and the server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from asc.api.session import is_loopback
from asc.signing.storage import names
from asc.signing.storage.model import Options, StorageError
from asc.words import printable_name

CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
TEAM = re.compile(r"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True)
class BucketAddress:
    """A folder in a container. `root` ends with "/", or is empty for all of it."""

    container: str
    root: str

    def key(self, name: str) -> str:
        """The whole key of an object."""
        return self.root + name

    def name(self, key: str) -> str | None:
        """The path of an object from the root; None for what lies elsewhere, and for marks of empty folders."""
        if not key.startswith(self.root) or key.endswith("/"):
            return None
        return key[len(self.root) :]

    def is_outside(self, key: str) -> bool:
        """Whether an object lies beside the root, and not below it."""
        return not key.startswith(self.root)


def place(location: str, options: Options) -> BucketAddress:
    """Reads `scheme://container/prefix`, and puts the team's folder behind it; raises StorageError."""
    scheme, _, rest = location.partition("://")
    container, _, prefix = rest.partition("/")
    if not CONTAINER.fullmatch(container):
        raise StorageError(
            "storage",
            "it names no container.",
            f"Write it as {scheme}://CONTAINER or {scheme}://CONTAINER/FOLDER.",
        )
    parts = [part for part in prefix.strip("/").split("/") if prefix.strip("/")]
    folder = team(options)
    # match's s3_object_prefix without a slash stands right before the team's id: iosABCDE12345/certs/…
    if folder and parts and parts[-1].endswith(folder[0]):
        folder = []
    return BucketAddress(container, root([*parts, *folder]))


def team(options: Options) -> list[str]:
    """The team's folder, where there is to be one; raises StorageError."""
    if options.team_id and not TEAM.fullmatch(options.team_id):
        raise StorageError(
            "team-id", f"“{printable_name(options.team_id)}” is no team id.", "It has ten characters."
        )
    return [options.team_id] if options.team_id else []


def root(parts: list[str]) -> str:
    """The folder with these parts, with a slash behind; raises StorageError."""
    path = "/".join(parts)
    if path and (reason := names.problem(path)):
        raise StorageError("storage", f"its folder cannot be used, for {reason}.", "Choose another folder.")
    return f"{path}/" if path else ""


def check_server(url: str) -> str:
    """`url` without a slash at its end; raises StorageError unless credentials may be sent there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not secure or parts.username or parts.query or parts.fragment:
        raise StorageError("endpoint", "it is no https address of a server.", "Write it as https://host.")
    return url.rstrip("/")
