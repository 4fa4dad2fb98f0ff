"""Convert between stored items and their paths in match's tree.

    certs/<certificate type>/<certificate id>.cer       DER
    certs/<certificate type>/<certificate id>.p12       the private key as PEM; imported ones may be PKCS#12
    profiles/<type>/<Type>_<bundle id>[_tvos|_catalyst].mobileprovision

Profiles for macOS and Catalyst end in .provisionprofile. Object stores keep the tree in a folder named after the team,
git at the root. A wildcard bundle id keeps its `*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from asc.errors import InputError, Problem
from asc.provisioning.kinds import CertificateType, Platform, ProfileType

SUFFIXES = (".cer", ".p12", ".mobileprovision", ".provisionprofile")
"""The suffixes of encrypted files, in any folder of the storage. Other files are left alone."""

_TEAM = re.compile(r"[A-Z0-9]{10}")
_BUNDLE_ID = re.compile(r"(?=.)[A-Za-z0-9._-]*\*?")
_CERTIFICATE_ID = re.compile(r"[^-./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*")
_NAMED_PLATFORMS = (Platform.TVOS, Platform.CATALYST)
_PROFILES = {kind.match_type: kind for kind in ProfileType}
_CERTIFICATES = {kind.value: kind for kind in CertificateType}


@dataclass(frozen=True)
class VaultEntry:
    """A file that has a place in match's tree. `team` is the folder around the tree, usually empty."""

    path: str
    team: str

    @staticmethod
    def parse(path: str) -> VaultEntry | None:
        """Parse a path relative to the root of the storage. Return None if match would not read a file there."""
        parts = path.split("/")
        # A fourth part is the team's folder, in storages that several teams share.
        team = parts.pop(0) if len(parts) == 4 and _TEAM.fullmatch(parts[0]) else ""
        if len(parts) != 3:
            return None
        root, folder, name = parts
        if root == "certs":
            return _certificate_or_key(path, team, folder, name)
        return _profile(path, team, folder, name) if root == "profiles" else None


@dataclass(frozen=True)
class CertificateEntry(VaultEntry):
    """The path of a certificate, whose key is a file of its own."""

    certificate_type: CertificateType
    certificate_id: str


@dataclass(frozen=True)
class KeyEntry(VaultEntry):
    """The path of the private key of the certificate with the same id."""

    certificate_type: CertificateType
    certificate_id: str


@dataclass(frozen=True)
class ProfileEntry(VaultEntry):
    """The path of a provisioning profile. `platform` is never visionOS: Apple makes iOS profiles for it."""

    profile_type: ProfileType
    bundle_id: str
    platform: Platform


def certificate_path(kind: CertificateType, certificate_id: str, team: str = "") -> str:
    """Return the path of a certificate. Raises InputError if the id cannot be a file name."""
    return _below(team, "certs", kind.value, f"{_checked_certificate_id(certificate_id)}.cer")


def key_path(kind: CertificateType, certificate_id: str, team: str = "") -> str:
    """Return the path of a certificate's private key. Raises InputError if the id cannot be a file name."""
    return _below(team, "certs", kind.value, f"{_checked_certificate_id(certificate_id)}.p12")


def profile_path(kind: ProfileType, bundle_id: str, platform: Platform, team: str = "") -> str:
    """Return the path of a profile. Raises InputError if the bundle id is invalid."""
    stem = profile_stem(kind, checked_bundle_id(bundle_id), platform)
    return _below(team, "profiles", kind.match_type, stem + profile_suffix(platform))


def profile_stem(kind: ProfileType, bundle_id: str, platform: Platform) -> str:
    """Return the name of a profile's file without its suffix, as match has it."""
    # The suffix tells macOS from iOS, but not tvOS from iOS or Catalyst from macOS.
    named = platform.of_profile in _NAMED_PLATFORMS
    return f"{kind.prefix}_{bundle_id}_{platform}" if named else f"{kind.prefix}_{bundle_id}"


def profile_suffix(platform: Platform) -> str:
    """Return the suffix of a profile's file. Xcode recognises profiles for macOS by it."""
    return ".provisionprofile" if platform.on_mac else ".mobileprovision"


def checked_bundle_id(bundle_id: str) -> str:
    """Return `bundle_id` unchanged. Raises InputError if it is invalid and so unsafe as a part of a path."""
    if _BUNDLE_ID.fullmatch(bundle_id):
        return bundle_id
    remedy = "Use letters, digits, dots and hyphens; end the bundle id of a wildcard profile with *."
    raise InputError([Problem("bundle-ids", f"{bundle_id[:160]!r} is not a bundle id", remedy)])


def _checked_certificate_id(certificate_id: str) -> str:
    if _CERTIFICATE_ID.fullmatch(certificate_id):
        return certificate_id
    remedy = "Use Apple's id of ten letters and digits, or the name of an imported file without its suffix."
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
    # Apple allows no underscore in a bundle id, so this removes no part of one.
    for candidate in _NAMED_PLATFORMS:
        if rest.endswith(f"_{candidate}"):
            rest, platform = rest.removesuffix(f"_{candidate}"), candidate
    return ProfileEntry(path, team, kind, rest, platform) if _BUNDLE_ID.fullmatch(rest) else None
