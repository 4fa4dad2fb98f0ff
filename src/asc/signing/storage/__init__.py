"""Storages of certificates, keys and profiles: git repositories, buckets, GitLab's secure files, folders."""

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
