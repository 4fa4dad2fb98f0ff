"""Storages in git repositories, read and written through the git client."""
