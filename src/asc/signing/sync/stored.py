"""Read the requested identities and profiles from the files of a storage."""

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
    """The requested part of a storage.

    `identities` are sorted by their end, the latest first. `faults` are files that cannot be used. `bundle_ids` are
    those of all stored profiles of a requested type, with the platform unless it is iOS.
    """

    identities: Mapping[CertificateType, tuple[StoredIdentity, ...]]
    profiles: Mapping[ProfileSpec, StoredProfile]
    faults: tuple[Fault, ...]
    bundle_ids: Mapping[ProfileType, tuple[str, ...]] = field(default_factory=dict)

    def valid(self, kind: CertificateType, now: datetime, renew_before: timedelta) -> list[StoredIdentity]:
        """Return the identities of a type that are valid now and for longer than `renew_before`."""
        return [
            identity
            for identity in self.identities.get(kind, ())
            if identity.certificate.valid_at(now)
            and not identity.certificate.expires_within(renew_before, now)
        ]

    def damaged(self, kind: CertificateType) -> list[Fault]:
        """Return the faults of stored certificates and keys of a type that cannot be read and may be restored."""
        return [
            fault
            for fault in self.faults
            if fault.damaged
            and isinstance(entry := VaultEntry.parse(fault.path), CertificateEntry | KeyEntry)
            and entry.certificate_type is kind
        ]

    def renamed(self, names: Mapping[str, StoredIdentity]) -> StoredSigning:
        """Return a copy with new certificate ids: `names` maps each new id to its identity. Each id is there once."""
        ids = {identity.certificate_id: identifier for identifier, identity in names.items()}
        renamed: dict[CertificateType, tuple[StoredIdentity, ...]] = {}
        for kind, identities in self.identities.items():
            named = (
                replace(identity, certificate_id=ids.get(identity.certificate_id, identity.certificate_id))
                for identity in identities
            )
            # The storage may hold a certificate under both names, after an import without and one with an API key.
            renamed[kind] = tuple({identity.certificate_id: identity for identity in named}.values())
        return replace(self, identities=renamed)

    def expired(self, kind: CertificateType, now: datetime) -> list[StoredIdentity]:
        """Return the identities of a type that have expired."""
        # They have to go: match uses the last certificate of a type by file name, also an expired one.
        return [
            identity for identity in self.identities.get(kind, ()) if identity.certificate.not_after <= now
        ]


def read_store(
    files: Mapping[str, bytes], passphrase: str, request: SigningRequest, p12_password: str | None = None
) -> StoredSigning:
    """Decrypt the requested files, and no others. Raises WrongPassphrase, BadPassphrase."""
    # Each file of format 2 takes milliseconds to open, and a storage may have thousands.
    vault = Vault(files, passphrase, p12_password=p12_password)
    identities = vault.identities(set(request.certificates))
    kinds = {spec.kind for spec in request.specs}
    bundle_ids = {spec.bundle_id for spec in request.specs}
    profiles = vault.profiles(kinds, bundle_ids, {spec.platform for spec in request.specs})
    by_key = {(entry.profile_type, entry.bundle_id, entry.platform): entry for entry in profiles.entries}
    by_kind: dict[CertificateType, tuple[StoredIdentity, ...]] = {}
    for kind in request.certificates:
        of_kind = [identity for identity in identities.entries if identity.certificate_type is kind]
        by_kind[kind] = tuple(
            sorted(of_kind, key=lambda identity: identity.certificate.not_after, reverse=True)
        )
    return StoredSigning(
        identities=by_kind,
        profiles={
            spec: by_key[key]
            for spec in request.specs
            if (key := (spec.kind, spec.bundle_id, spec.platform.of_profile)) in by_key
        },
        faults=(*identities.faults, *profiles.faults),
        bundle_ids={kind: _bundle_ids(vault, kind) for kind in kinds},
    )


def _bundle_ids(vault: Vault, kind: ProfileType) -> tuple[str, ...]:
    entries = [
        entry for entry in vault.entries if isinstance(entry, ProfileEntry) and entry.profile_type is kind
    ]
    return tuple(
        sorted(
            entry.bundle_id if entry.platform is Platform.IOS else f"{entry.bundle_id} ({entry.platform})"
            for entry in entries
        )
    )
