"""The commands: one module for each, declared once, and imported only if it runs."""

from __future__ import annotations

from importlib import import_module

from asc.commands.declaration import Command

NAMES = (
    "fetch-build-number",
    "upload-testflight",
    "sync-signing",
    "cleanup-signing",
    "download-dsyms",
    "submit-app-store",
    "release-app-store",
    "manage-testers",
    "manage-group",
    "download-feedback",
    "register-bundle-ids",
    "register-devices",
    "check-app-store",
    "update-app-store",
    "download-app-store",
    "manage-webhooks",
    "doctor",
    "verify-profiles",
)


def load(name: str) -> Command:
    """Return the declaration of the command `name`."""
    command: Command = import_module(f"asc.commands.{name.replace('-', '_')}").COMMAND
    return command
