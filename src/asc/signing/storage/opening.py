"""Open the storage that a location names, importing only the libraries of that kind of storage."""

from __future__ import annotations

from pathlib import Path

from asc.signing.storage.journal import Objects
from asc.signing.storage.model import Options, Storage, StorageError

EXTRAS = {"s3": "storage-s3", "az": "storage-azure", "gs": "storage-google-cloud"}
"""Scheme → the extra of pyproject.toml with its libraries."""


def extra(location: str) -> str | None:
    """Return the extra of pyproject.toml to install for `location`, or None if it needs none."""
    return EXTRAS.get(location.strip().partition("://")[0]) if "://" in location else None


def open_storage(location: str, options: Options) -> Storage:
    """Open the storage at `location`, without any request.

    `https://….git`, `ssh://…`, `git@host:path`, `git+<address>`: a branch of a git repository. `s3://bucket/prefix`,
    `az://container/prefix`, `gs://bucket/prefix`: objects. `gitlab://group/project`: the secure files of a GitLab
    project. `dir:PATH`: a folder.

    Raises StorageError: unknown kind of storage, an option that does not fit, libraries that are not installed.
    """
    location = location.strip()
    scheme = location.partition(":")[0]
    try:
        return _open(scheme, location, options)
    except ModuleNotFoundError as error:
        raise StorageError(
            "storage",
            f"{scheme}:// needs the package {error.name}, which is not installed here.",
            "Use the composite action (actions/sync-signing): it installs the packages for its input “storage”; the "
            "action in the repository's root cannot. In a Python of your own, install the extra "
            f"“{extra(location)}” of pyproject.toml.",
        ) from None


def _open(scheme: str, location: str, options: Options) -> Storage:
    # Imported here because a job uses only one of these, and the libraries are large.
    from asc.signing.storage.git import access as git_location

    if git_location.is_git(location):
        from asc.signing.storage.git.storage import GitStorage

        return GitStorage(git_location.parse(location), options)
    if scheme == "dir" and location[4:]:
        from asc.signing.storage.folder import FolderStorage

        return FolderStorage(Path(location[4:]).expanduser().absolute())
    if scheme in {"s3", "az", "gs", "gitlab"} and "://" in location:
        from asc.signing.storage.journaled import ObjectStorage

        return ObjectStorage(_objects(scheme, location, options), options)
    if scheme == "https":
        raise StorageError(
            "storage",
            "an address with https:// is that of a git repository only if it ends in .git.",
            "Write https://….git, or git+https://… if the address of the repository has no such end.",
        )
    raise StorageError(
        "storage",
        "it is not a kind of storage that this action knows.",
        "Write https://….git, git@host:path, s3://bucket, az://container, gs://bucket, gitlab://project or dir:PATH.",
    )


def _objects(scheme: str, location: str, options: Options) -> Objects:
    from asc.signing.storage.buckets import address

    if scheme == "gitlab":
        from asc.signing.storage.buckets.gitlab import open_gitlab

        return open_gitlab(location, options)
    place = address.parse_bucket(location, options)
    if scheme == "gs":
        from asc.signing.storage.buckets.google import open_google

        return open_google(place, options)
    from asc.signing.storage.buckets import obstores

    return obstores.open_s3(place, options) if scheme == "s3" else obstores.open_azure(place, options)
