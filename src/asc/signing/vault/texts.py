"""The files beside the signing assets, and the names that fastlane gives to commits, profiles and variables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.vault.layout import checked_bundle_id

VERSION_PATH, README_PATH = "match_version.txt", "README.md"
DOCS = (README_PATH, VERSION_PATH)
"""Files for people; they count for nothing when it is said what was stored."""
MATCH_VERSION = b"2.237.0"
"""The version of fastlane whose format is written. match overwrites the file and ignores its content."""
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
this storage, with the same passphrase. Nobody can open the files without the passphrase or restore a lost one: keep it
in a safe place.

Change the files with these two programs only. A certificate that is removed by hand stays valid at Apple until it is
revoked there.
"""


def scaffold(paths: Iterable[str]) -> dict[str, bytes]:
    """Return README.md and match_version.txt, without those that `paths` has already."""
    texts = {README_PATH: _README.encode(), VERSION_PATH: MATCH_VERSION}
    # Existing files stay as they are: their owner may have changed them.
    present = set(paths)
    return {path: text for path, text in texts.items() if path not in present}


def commit_message(kinds: Iterable[ProfileType], platforms: Iterable[Platform]) -> str:
    """Return the commit message that match would write; several types or platforms are joined by commas."""
    types = ", ".join(dict.fromkeys(kind.match_type for kind in kinds))
    names = ", ".join(dict.fromkeys(platform.value for platform in platforms))
    return f"[fastlane] Updated {types} and platform {names}"


def revoked_message(removed: str) -> str:
    """Return the commit message of match's `nuke`; `removed` counts the certificates and profiles."""
    return f"[fastlane] Nuked files for {removed}"


def profile_name(kind: ProfileType, bundle_id: str, platform: Platform) -> str:
    """Return the name that match gives a profile at Apple. Raises InputError if the bundle id is invalid."""
    # match adds the platform to the name for all platforms except iOS.
    name = f"match {kind.prefix} {checked_bundle_id(bundle_id)}"
    return name if platform.of_profile is Platform.IOS else f"{name} {platform}"


@dataclass(frozen=True)
class FastlaneNames:
    """The names of the environment variables that match sets for one profile; each field names the value."""

    uuid: str
    team_id: str
    certificate_name: str
    profile_name: str
    profile_path: str


def fastlane_names(kind: ProfileType, bundle_id: str, platform: Platform) -> FastlaneNames:
    """Return the names of the `sigh_…` variables of one profile."""
    # match adds the platform to the names for all platforms except iOS.
    base = f"sigh_{bundle_id}_{kind.match_type}"
    base = base if platform.of_profile is Platform.IOS else f"{base}_{platform}"
    endings = ("team-id", "certificate-name", "profile-name", "profile-path")
    return FastlaneNames(base, *(f"{base}_{ending}" for ending in endings))
