"""What sync-signing hands to later steps."""

from __future__ import annotations

from dataclasses import dataclass

from asc.commands.declaration import output


@dataclass(frozen=True)
class Outputs:
    """What sync-signing hands to later steps."""

    certificate_id: str = output("The id of the certificate (of the first type, where there are several).")
    certificate_name: str = output(
        "Its name, for CODE_SIGN_IDENTITY: `Apple Distribution: Example (A1B2C3D4E5)`."
    )
    certificate_sha1: str = output("Its SHA-1 fingerprint, which names it without doubt.")
    team_id: str = output("The id of the team.")
    profiles: str = output("JSON: bundle id → name, uuid, path, expires, type and platform of its profile.")
    profile_mapping: str = output("JSON: bundle id → name of its profile, as ExportOptions.plist wants it.")
    export_options_plist: str = output("The path of an ExportOptions.plist for the first type.")
    keychain_path: str = output("The keychain that holds the identities; empty where none was made.")
    p12_path: str = output("The path of the first identity as a p12.")
    p12_password: str = output("Its password (masked in logs).")
    changed: str = output("`true` when something was made, revoked or stored.")
    unsaved_key_path: str = output(
        "An encrypted copy of a private key that could not be stored; mostly empty."
    )
