"""Names of the files in `output-directory`.

A profile is called as in match's storage, `AppStore_com.example.app.mobileprovision`, and an identity by its type and
Apple's id, `distribution_E7P4EE896K.p12`: somebody who lists the folder sees what is what, and a build script can
know the name beforehand, which it could not with UUIDs. The manifest has the UUIDs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.kinds import Platform

_LONGEST = 180
"""Bytes of a name without its suffix: file systems take 255, and whoever writes a file puts something around it."""
_MAC = (Platform.MACOS, Platform.CATALYST)


def profile_suffix(platform: Platform) -> str:
    """What a profile's file ends in; Xcode tells profiles for macOS by it."""
    return ".provisionprofile" if platform.of_profile in _MAC else ".mobileprovision"


def profile_names(profiles: Iterable[StoredProfile]) -> list[str]:
    """A name for each, in order, all different."""
    wanted = []
    for each in profiles:
        platform = each.platform.of_profile
        # On macOS the suffix tells enough; match writes no platform there either.
        ending = f"_{platform}" if platform in (Platform.TVOS, Platform.CATALYST) else ""
        wanted.append((f"{each.profile_type.prefix}_{each.bundle_id}{ending}", profile_suffix(platform)))
    return _different(wanted)


def p12_names(identities: Iterable[StoredIdentity]) -> list[str]:
    """A name for each, in order, all different."""
    return _different((f"{each.certificate_type}_{each.certificate_id}", ".p12") for each in identities)


def safe_name(text: str) -> str:
    """`text` as a part of a path that stays in its folder, on every system and in every tool.

    `*` becomes `wildcard`, since artifact uploads refuse it; what is neither letter, digit nor one of `. _ -`
    becomes `_`; no name begins with a dot or a hyphen, or is empty.
    """
    plain = unicodedata.normalize("NFC", text).replace("*", "wildcard")
    kept = re.sub(r"[^\w.-]", "_", plain).encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")
    return re.sub(r"^[.-]+", "_", kept) or "_"


def _different(wanted: Iterable[tuple[str, str]]) -> list[str]:
    taken: set[str] = set()
    names = []
    for stem, suffix in wanted:
        base = safe_name(stem)
        name, number = f"{base}{suffix}", 2
        while name.casefold() in taken:  # a Mac's file system does not tell upper from lower case
            name, number = f"{base}-{number}{suffix}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
