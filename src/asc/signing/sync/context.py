"""The context of a run (client, storage, passphrase) and the state of the team at Apple."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asc.api.client import Client
from asc.provisioning.certificates import AppleCertificate, list_certificates
from asc.provisioning.devices.apple import list_devices
from asc.provisioning.devices.device import Device, profile_devices
from asc.provisioning.kinds import CertificateType
from asc.provisioning.profiles import AppleProfile, find_profiles
from asc.signing.storage import Storage
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest
from asc.signing.sync.stored import StoredSigning, read_store
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity


@dataclass(frozen=True)
class SyncContext:
    """The client, the storage and the secrets of one run.

    `rescue_folder` receives an encrypted copy of a key that could not be stored. `p12_password` opens .p12 files that
    another tool put into the storage. `encryption` is the version of match's format for new files.
    """

    client: Client
    storage: Storage
    passphrase: str = field(repr=False)
    rescue_folder: Path
    p12_password: str | None = field(default=None, repr=False)
    encryption: Version = 2

    @property
    def now(self) -> datetime:
        """Return the current time by the client's clock, in UTC."""
        return datetime.fromtimestamp(self.client.clock.now(), UTC)

    def stored_signing(self, files: Mapping[str, bytes], request: SigningRequest) -> StoredSigning:
        """Return the requested identities and profiles among `files`. Raises WrongPassphrase, BadPassphrase."""
        return read_store(files, self.passphrase, request, self.p12_password)


@dataclass(frozen=True)
class AppleState:
    """The team's certificates, profiles and devices at Apple, as far as a request needs them."""

    certificates: tuple[AppleCertificate, ...] = ()
    profiles: tuple[AppleProfile, ...] = ()
    devices: tuple[Device, ...] = ()

    def active_by_uuid(self) -> dict[str, bool]:
        """Return the UUID of each profile with True if Apple calls the profile active."""
        return {profile.uuid: profile.active for profile in self.profiles}

    def devices_of(self, spec: ProfileSpec, request: SigningRequest) -> list[Device]:
        """Return the enabled devices that a profile lists."""
        return profile_devices(self.devices, spec.platform, include_macs=request.include_macs)

    def lists(self, identity: StoredIdentity) -> bool:
        """Return True if Apple lists the certificate of an identity."""
        # Names are not unique, so the certificates themselves are compared.
        return any(
            listed.certificate and listed.certificate.der == identity.certificate.der
            for listed in self.certificates
        )


def read_apple_state(client: Client, request: SigningRequest, stored_signing: StoredSigning) -> AppleState:
    """Return the state of the team at Apple: certificates, profiles and devices in parallel, if the request needs them.

    Profiles are found by the names that the request and the storage have for them. Raises ApiError, UnreachableError.
    """
    types = [apple_type for kind in request.certificates for apple_type in request.apple_types(kind)]
    names = {spec.name for spec in request.specs} | {
        stored.profile.name for stored in stored_signing.profiles.values()
    }
    with ThreadPoolExecutor(3) as pool:
        certificates = pool.submit(list_certificates, client, types) if types else None
        profiles = pool.submit(find_profiles, client, names) if names else None
        devices = pool.submit(list_devices, client) if request.needs_devices else None
        return AppleState(
            tuple(certificates.result()) if certificates else (),
            tuple(profiles.result()) if profiles else (),
            tuple(devices.result()) if devices else (),
        )


def usable_identities(
    stored_signing: StoredSigning,
    apple: AppleState | None,
    request: SigningRequest,
    kind: CertificateType,
    now: datetime,
) -> list[StoredIdentity]:
    """Return the stored identities of a type that are valid past `renew_before` and that Apple lists.

    `apple` is None if Apple was not asked; then the dates alone decide.
    """
    valid = stored_signing.valid(kind, now, request.renew_before)
    if apple is None or not request.apple_types(kind):
        return valid
    return [identity for identity in valid if apple.lists(identity)]


def valid_identities(
    stored_signing: StoredSigning, kind: CertificateType, now: datetime
) -> list[StoredIdentity]:
    """Return the stored identities of a type that are valid now, however soon they expire."""
    return stored_signing.valid(kind, now, timedelta())
