"""What the store holds of what is wanted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.layout import CertificateEntry, KeyEntry, ProfileEntry, VaultEntry
from asc.signing.vault.tree import Fault, Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredSigning:
    """The identities by type, those that last longest first, and the profiles. `faults` are files of no use.

    `names` are the bundle ids of all profiles of a wanted type, with the platform where it is another than iOS.
    """

    identities: Mapping[CertificateType, tuple[StoredIdentity, ...]]
    profiles: Mapping[ProfileSpec, StoredProfile]
    faults: tuple[Fault, ...]
    names: Mapping[ProfileType, tuple[str, ...]] = field(default_factory=dict)

    def valid(self, kind: CertificateType, now: datetime, renew_before: timedelta) -> list[StoredIdentity]:
        """Those that can be used now and for some time."""
        return [
            each
            for each in self.identities.get(kind, ())
            if each.certificate.valid_at(now) and not each.certificate.expires_within(renew_before, now)
        ]

    def damaged(self, kind: CertificateType) -> list[Fault]:
        """Certificates and keys of a type that are stored, but cannot be read: there is something to restore."""
        return [
            fault
            for fault in self.faults
            if fault.damaged
            and isinstance(entry := VaultEntry.parse(fault.path), CertificateEntry | KeyEntry)
            and entry.certificate_type is kind
        ]

    def renamed(self, names: Mapping[str, StoredIdentity]) -> StoredSigning:
        """The same with these identities (new id → identity) under their new ids, each certificate once."""
        ids = {each.certificate_id: identifier for identifier, each in names.items()}
        found: dict[CertificateType, tuple[StoredIdentity, ...]] = {}
        for kind, identities in self.identities.items():
            named = (
                replace(each, certificate_id=ids.get(each.certificate_id, each.certificate_id))
                for each in identities
            )
            found[kind] = tuple({each.certificate_id: each for each in named}.values())
        return replace(self, identities=found)

    def over(self, kind: CertificateType, now: datetime) -> list[StoredIdentity]:
        """Those that have expired. match takes the last by name, whatever its date: they may not stay beside others."""
        return [each for each in self.identities.get(kind, ()) if each.certificate.not_after <= now]


def read_store(
    files: Mapping[str, bytes], passphrase: str, request: SigningRequest, p12_password: str | None = None
) -> StoredSigning:
    """Opens what is wanted, and nothing else. Raises WrongPassphrase, BadPassphrase."""
    vault = Vault(files, passphrase, p12_password=p12_password)
    identities = vault.identities(set(request.certificates))
    kinds = {spec.kind for spec in request.specs}
    bundle_ids = {spec.bundle_id for spec in request.specs}
    profiles = vault.profiles(kinds, bundle_ids, {spec.platform for spec in request.specs})
    found = {(each.profile_type, each.bundle_id, each.platform): each for each in profiles.entries}
    by_kind: dict[CertificateType, tuple[StoredIdentity, ...]] = {}
    for kind in request.certificates:
        of_kind = [each for each in identities.entries if each.certificate_type is kind]
        by_kind[kind] = tuple(sorted(of_kind, key=lambda each: each.certificate.not_after, reverse=True))
    return StoredSigning(
        identities=by_kind,
        profiles={
            spec: found[key]
            for spec in request.specs
            if (key := (spec.kind, spec.bundle_id, spec.platform.of_profile)) in found
        },
        faults=(*identities.faults, *profiles.faults),
        names={kind: _names(vault, kind) for kind in kinds},
    )


def _names(vault: Vault, kind: ProfileType) -> tuple[str, ...]:
    entries = [each for each in vault.entries if isinstance(each, ProfileEntry) and each.profile_type is kind]
    return tuple(
        sorted(
            each.bundle_id if each.platform is Platform.IOS else f"{each.bundle_id} ({each.platform})"
            for each in entries
        )
    )
