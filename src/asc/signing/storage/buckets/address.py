"""Parse the address of a bucket: the container, the folder in it, and the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from asc.api.session import is_loopback
from asc.signing.storage import names
from asc.signing.storage.model import Options, StorageError
from asc.words import printable_name

CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
TEAM = re.compile(r"[A-Za-z0-9]{1,32}")
SHARED = ("README.md", "match_version.txt")
"""Files that match keeps once for all teams of a bucket, in front of their folders."""


@dataclass(frozen=True)
class BucketAddress:
    """A folder in a container. `root` ends with "/", or is empty for the whole container.

    `team` is the last part of it, "ABCDE12345/", if it is the folder of a team.
    """

    container: str
    root: str
    team: str = ""

    @property
    def shared(self) -> Mapping[str, str]:
        """Return name → key of the files that lie in front of the team's folder; none without such a folder."""
        front = self.root.removesuffix(self.team)
        return {name: front + name for name in SHARED} if self.team else {}

    def key(self, name: str) -> str:
        """Return the whole key of the object with this path."""
        return self.shared.get(name, self.root + name)

    def name(self, key: str) -> str | None:
        """Return the path of an object from the root, or None if it lies outside or marks an empty folder."""
        for name, shared_key in self.shared.items():
            if key == shared_key:
                return name
        if not key.startswith(self.root) or key.endswith("/"):
            return None
        name = key[len(self.root) :]
        # Earlier versions of this project put these into the team's folder, where nobody reads them.
        return None if name in self.shared else name

    def is_outside(self, key: str) -> bool:
        """Return True if an object does not lie below the root."""
        return not key.startswith(self.root)


def parse_bucket(location: str, options: Options) -> BucketAddress:
    """Parse `scheme://container/prefix` and append the team's folder. Raises StorageError."""
    scheme, _, rest = location.partition("://")
    container, _, prefix = rest.partition("/")
    if not CONTAINER.fullmatch(container):
        raise StorageError(
            "storage",
            "it does not name a bucket or container.",
            f"Write it as {scheme}://CONTAINER or {scheme}://CONTAINER/FOLDER.",
        )
    parts = [part for part in prefix.strip("/").split("/") if prefix.strip("/")]
    folder = team_folder(options)
    last = f"{folder[0]}/" if folder else ""
    # match puts s3_object_prefix directly before the team id, also without a slash: iosABCDE12345/certs/…
    if folder and parts and parts[-1].endswith(folder[0]):
        folder = []
    return BucketAddress(container, checked_root([*parts, *folder]), last)


def team_folder(options: Options) -> list[str]:
    """Return the team's folder as a list of no or one part. Raises StorageError if the team id is invalid."""
    if options.team_id and not TEAM.fullmatch(options.team_id):
        raise StorageError(
            "team-id",
            f"“{printable_name(options.team_id)}” is not a team id.",
            "Copy the ten characters of the team id from Apple's developer account page.",
        )
    return [options.team_id] if options.team_id else []


def checked_root(parts: list[str]) -> str:
    """Return the folder with these parts and a slash at its end, or "". Raises StorageError."""
    path = "/".join(parts)
    if path and (reason := names.problem(path)):
        raise StorageError(
            "storage", f"its folder cannot be used because {reason}.", "Choose another folder."
        )
    return f"{path}/" if path else ""


def check_server(url: str) -> str:
    """Return `url` without a slash at its end. Raises StorageError if credentials may not be sent there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not secure or parts.username or parts.query or parts.fragment:
        raise StorageError(
            "endpoint", "it is not the https address of a server.", "Write it as https://host."
        )
    return url.rstrip("/")
