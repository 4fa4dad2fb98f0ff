"""What stands in the store besides certificates, keys and profiles, and the names that fastlane gives things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.vault.layout import checked_bundle_id

VERSION_PATH, README_PATH = "match_version.txt", "README.md"
MATCH_VERSION = b"2.237.0"
"""The version of fastlane whose format is written. match replaces it by its own, and goes by nothing in it."""
PASSPHRASE_MESSAGE = "[fastlane] Changed passphrase"
IMPORTED_MESSAGE = "[fastlane] Imported"

_README = """\
# Code signing

Certificates, private keys and provisioning profiles of a team, encrypted, for its builds.

| where | what |
|---|---|
| `certs/<type>/<id>.cer` | a certificate |
| `certs/<type>/<id>.p12` | its private key |
| `profiles/<type>/…` | provisioning profiles, one file for each bundle id and platform |

The layout and the encryption are those of fastlane match, so both `sync-signing` and `fastlane match` read and write
this place, with the same passphrase. Without the passphrase none of it is of use, and nobody can restore it: keep it
where it is not lost.

Leave the files to these two programs. What is removed here by hand stays valid at Apple until it is revoked there.
"""


def scaffold(paths: Iterable[str]) -> dict[str, bytes]:
    """The files that a store has besides, as far as `paths` lacks them: those that are there stay as they are."""
    texts = {README_PATH: _README.encode(), VERSION_PATH: MATCH_VERSION}
    present = set(paths)
    return {path: text for path, text in texts.items() if path not in present}


def commit_message(kinds: Iterable[ProfileType], platforms: Iterable[Platform]) -> str:
    """The line that match would write; several types or platforms, which it has no line for, stand side by side."""
    types = ", ".join(dict.fromkeys(kind.match_type for kind in kinds))
    names = ", ".join(dict.fromkeys(platform.value for platform in platforms))
    return f"[fastlane] Updated {types} and platform {names}"


def revoked_message(what: str) -> str:
    """The line of match's `nuke`; `what` says what went."""
    return f"[fastlane] Nuked files for {what}"


def profile_name(kind: ProfileType, bundle_id: str, platform: Platform) -> str:
    """The name at Apple. For iOS the platform is left out. Raises InputError where the bundle id is none."""
    name = f"match {kind.prefix} {checked_bundle_id(bundle_id)}"
    return name if platform.of_profile is Platform.IOS else f"{name} {platform}"


@dataclass(frozen=True)
class FastlaneNames:
    """The variables that match leaves for later lanes, by what they hold."""

    uuid: str
    team_id: str
    certificate_name: str
    profile_name: str
    profile_path: str


def fastlane_names(kind: ProfileType, bundle_id: str, platform: Platform) -> FastlaneNames:
    """The `sigh_…` names of one profile. For iOS the platform is left out."""
    base = f"sigh_{bundle_id}_{kind.match_type}"
    base = base if platform.of_profile is Platform.IOS else f"{base}_{platform}"
    endings = ("team-id", "certificate-name", "profile-name", "profile-path")
    return FastlaneNames(base, *(f"{base}_{ending}" for ending in endings))
