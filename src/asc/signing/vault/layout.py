"""Where everything lies in the store: match's tree of folders and file names, both ways.

    certs/<certificate type>/<certificate id>.cer       DER
    certs/<certificate type>/<certificate id>.p12       the private key as PEM; imported ones may be PKCS#12
    profiles/<type>/<Type>_<bundle id>[_tvos|_catalyst].mobileprovision

Profiles for macOS and Catalyst end in .provisionprofile. In object stores the tree lies in a folder named like the
team; in git at the root. A wildcard keeps its `*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from asc.errors import InputError, Problem
from asc.provisioning.kinds import CertificateType, Platform, ProfileType

SUFFIXES = (".cer", ".p12", ".mobileprovision", ".provisionprofile")
"""The files that are encrypted, wherever in the store they lie; all others are not touched."""

_TEAM = re.compile(r"[A-Z0-9]{10}")
_BUNDLE_ID = re.compile(r"(?=.)[A-Za-z0-9._-]*\*?")
_CERTIFICATE_ID = re.compile(r"[^-./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*")
_MAC = (Platform.MACOS, Platform.CATALYST)
_WITH_SUFFIX = (Platform.TVOS, Platform.CATALYST)
_PROFILES = {kind.match_type: kind for kind in ProfileType}
_CERTIFICATES = {kind.value: kind for kind in CertificateType}


@dataclass(frozen=True)
class VaultEntry:
    """A file that has a place in match's tree. `team` is the folder that the tree lies in, mostly empty."""

    path: str
    team: str

    @staticmethod
    def parse(path: str) -> VaultEntry | None:
        """Says what `path`, relative to the root of the storage, is; None for what match would not look for."""
        parts = path.split("/")
        team = parts.pop(0) if len(parts) == 4 and _TEAM.fullmatch(parts[0]) else ""
        if len(parts) != 3:
            return None
        root, folder, name = parts
        if root == "certs":
            return _certificate_or_key(path, team, folder, name)
        return _profile(path, team, folder, name) if root == "profiles" else None


@dataclass(frozen=True)
class CertificateEntry(VaultEntry):
    """A certificate, without its key."""

    certificate_type: CertificateType
    certificate_id: str


@dataclass(frozen=True)
class KeyEntry(VaultEntry):
    """The private key of the certificate with the same id."""

    certificate_type: CertificateType
    certificate_id: str


@dataclass(frozen=True)
class ProfileEntry(VaultEntry):
    """A provisioning profile. `platform` is never visionOS, whose profiles are those of iOS."""

    profile_type: ProfileType
    bundle_id: str
    platform: Platform


def certificate_path(kind: CertificateType, certificate_id: str, team: str = "") -> str:
    """Raises InputError where the id cannot be the name of a file."""
    return _below(team, "certs", kind.value, f"{_checked_certificate_id(certificate_id)}.cer")


def key_path(kind: CertificateType, certificate_id: str, team: str = "") -> str:
    """Raises InputError where the id cannot be the name of a file."""
    return _below(team, "certs", kind.value, f"{_checked_certificate_id(certificate_id)}.p12")


def profile_path(kind: ProfileType, bundle_id: str, platform: Platform, team: str = "") -> str:
    """Raises InputError where the bundle id is none."""
    of_profile = platform.of_profile
    ending = f"_{of_profile}" if of_profile in _WITH_SUFFIX else ""
    suffix = ".provisionprofile" if of_profile in _MAC else ".mobileprovision"
    return _below(
        team, "profiles", kind.match_type, f"{kind.prefix}_{checked_bundle_id(bundle_id)}{ending}{suffix}"
    )


def checked_bundle_id(bundle_id: str) -> str:
    """Returns it. Raises InputError where it is no bundle id, and so no part of a path either."""
    if _BUNDLE_ID.fullmatch(bundle_id):
        return bundle_id
    remedy = "A bundle id has letters, digits, dots and hyphens; one of a wildcard profile ends in *."
    raise InputError([Problem("bundle-ids", f"{bundle_id[:160]!r} is not a bundle id", remedy)])


def _checked_certificate_id(certificate_id: str) -> str:
    if _CERTIFICATE_ID.fullmatch(certificate_id):
        return certificate_id
    remedy = "Apple's ids have ten letters and digits; the name of an imported file serves too."
    raise InputError(
        [Problem("certificate-id", f"{certificate_id[:160]!r} is not the id of a certificate", remedy)]
    )


def _below(team: str, *parts: str) -> str:
    return "/".join((team, *parts) if team else parts)


def _certificate_or_key(path: str, team: str, folder: str, name: str) -> VaultEntry | None:
    stem, _, suffix = name.rpartition(".")
    kind = _CERTIFICATES.get(folder)
    make = {"cer": CertificateEntry, "p12": KeyEntry}.get(suffix)
    if kind is None or make is None or not _CERTIFICATE_ID.fullmatch(stem):
        return None
    return make(path, team, kind, stem)


def _profile(path: str, team: str, folder: str, name: str) -> VaultEntry | None:
    stem, _, suffix = name.rpartition(".")
    kind = _PROFILES.get(folder)
    prefix, _, rest = stem.partition("_")
    if kind is None or prefix != kind.prefix or f".{suffix}" not in SUFFIXES[2:]:
        return None
    platform = Platform.MACOS if suffix == "provisionprofile" else Platform.IOS
    for each in _WITH_SUFFIX:  # no bundle id has an underscore, so this takes nothing from one
        if rest.endswith(f"_{each}"):
            rest, platform = rest.removesuffix(f"_{each}"), each
    return ProfileEntry(path, team, kind, rest, platform) if _BUNDLE_ID.fullmatch(rest) else None
