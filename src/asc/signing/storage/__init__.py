"""Where certificates, keys and profiles are kept: a git repository, a bucket, GitLab's secure files, a folder."""

from asc.signing.storage.model import Changes, Files, Options, Storage, StorageError, StorageUnreachable
from asc.signing.storage.opening import extra, open_storage

__all__ = [
    "Changes",
    "Files",
    "Options",
    "Storage",
    "StorageError",
    "StorageUnreachable",
    "extra",
    "open_storage",
]
