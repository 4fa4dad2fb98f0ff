"""What a user can ask for: one module for each command, declared once, imported only when it is asked for."""

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
    "download-feedback",
    "register-bundle-ids",
    "register-devices",
    "update-app-store",
    "doctor",
)


def load(name: str) -> Command:
    """The declaration of a command."""
    command: Command = import_module(f"asc.commands.{name.replace('-', '_')}").COMMAND
    return command
