"""The variables of other tools that hold a part of an API key, and their names here."""

from __future__ import annotations

from collections.abc import Mapping

_KEY_ID = "APP_STORE_CONNECT_API_KEY_KEY_ID"
_ISSUER_ID = "APP_STORE_CONNECT_API_KEY_ISSUER_ID"
_KEY = "APP_STORE_CONNECT_API_KEY_KEY"
_KEY_FILE = "APP_STORE_CONNECT_API_KEY_KEY_FILEPATH"
NAMES_HERE = {
    # codemagic-cli-tools
    "APP_STORE_CONNECT_KEY_IDENTIFIER": _KEY_ID,
    "APP_STORE_CONNECT_ISSUER_ID": _ISSUER_ID,
    "APP_STORE_CONNECT_PRIVATE_KEY": _KEY,
    # what many Fastfiles and workflows call the arguments of fastlane's app_store_connect_api_key
    "APP_STORE_CONNECT_API_KEY_ID": _KEY_ID,
    "APP_STORE_CONNECT_KEY_ID": _KEY_ID,
    "APP_STORE_CONNECT_API_ISSUER_ID": _ISSUER_ID,
    "APP_STORE_CONNECT_API_KEY_ISSUER": _ISSUER_ID,
    "APP_STORE_CONNECT_API_KEY_CONTENT": _KEY,
    "APP_STORE_CONNECT_API_KEY_BASE64": _KEY,
    "ASC_KEY_CONTENT": _KEY,
    # asc, the App Store Connect CLI
    "ASC_KEY_ID": _KEY_ID,
    "ASC_ISSUER_ID": _ISSUER_ID,
    "ASC_PRIVATE_KEY": _KEY,
    "ASC_PRIVATE_KEY_PATH": _KEY_FILE,
    # the secrets in the examples of Apple-Actions
    "APPSTORE_API_KEY_ID": _KEY_ID,
    "APPSTORE_ISSUER_ID": _ISSUER_ID,
    "APPSTORE_API_PRIVATE_KEY": _KEY,
    # Tauri and electron-builder; APPLE_API_KEY is a key id to one, a path to the other
    "APPLE_API_KEY_ID": _KEY_ID,
    "APPLE_API_ISSUER": _ISSUER_ID,
    "APPLE_API_KEY_PATH": _KEY_FILE,
    # Expo's EAS
    "EXPO_ASC_KEY_ID": _KEY_ID,
    "EXPO_ASC_ISSUER_ID": _ISSUER_ID,
    "EXPO_ASC_API_KEY_PATH": _KEY_FILE,
}


def advice(environ: Mapping[str, str], only: str | None = None) -> str:
    """Return a sentence that renames the variables of other tools that are set; "" if none is.

    `only` limits it to the ones that have this name here.
    """
    renamings = [
        f"{name} to {name_here}"
        for name, name_here in NAMES_HERE.items()
        if environ.get(name) and only in (None, name_here)
    ]
    return f"Rename {', '.join(renamings)}." if renamings else ""
