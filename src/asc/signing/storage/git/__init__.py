"""Signing assets in a git repository, through the git client."""
