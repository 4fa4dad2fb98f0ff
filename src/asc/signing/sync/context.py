"""What a run works with: the connection, the storage, the passphrase, the time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asc.api.client import Client
from asc.provisioning.certificates import AppleCertificate, list_certificates
from asc.provisioning.devices.apple import list_devices
from asc.provisioning.devices.model import Device, fitting
from asc.provisioning.kinds import CertificateType
from asc.provisioning.profiles import AppleProfile, find_profiles
from asc.signing.storage import Storage
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest
from asc.signing.sync.stored import StoredSigning, read_store
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity

AT_ONCE = 6
"""Writes at Apple side by side."""


@dataclass(frozen=True)
class SyncContext:
    """What `sync` works with. `handover` is a private folder for a key that could not be stored."""

    client: Client
    storage: Storage
    passphrase: str = field(repr=False)
    handover: Path
    p12_password: str | None = field(default=None, repr=False)
    encryption: Version = 2

    @property
    def now(self) -> datetime:
        """This moment, by the client's clock, in UTC."""
        return datetime.fromtimestamp(self.client.clock.now(), UTC)

    def stored_signing(self, files: Mapping[str, bytes], request: SigningRequest) -> StoredSigning:
        """What the store holds of what is wanted."""
        return read_store(files, self.passphrase, request, self.p12_password)


@dataclass(frozen=True)
class AppleState:
    """What Apple has, as far as the wishes ask."""

    certificates: tuple[AppleCertificate, ...] = ()
    profiles: tuple[AppleProfile, ...] = ()
    devices: tuple[Device, ...] = ()

    def states(self) -> dict[str, bool]:
        """UUID of each profile → whether it is active."""
        return {profile.uuid: profile.active for profile in self.profiles}

    def devices_of(self, spec: ProfileSpec, request: SigningRequest) -> list[Device]:
        """Return the enabled devices that belong into a profile."""
        return fitting(self.devices, spec.platform, include_macs=request.include_macs)

    def knows(self, identity: StoredIdentity) -> bool:
        """Whether Apple lists the certificate of an identity: the certificate itself, not its name."""
        return any(
            listed.certificate and listed.certificate.der == identity.certificate.der
            for listed in self.certificates
        )


def look(client: Client, request: SigningRequest, stored_signing: StoredSigning) -> AppleState:
    """Asks Apple: one request each for certificates, profiles and devices, side by side, and only those that matter."""
    types = [each for kind in request.certificates for each in request.apple_types(kind)]
    names = {spec.name for spec in request.specs} | {
        each.profile.name for each in stored_signing.profiles.values()
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


def usable(
    stored_signing: StoredSigning,
    portal: AppleState | None,
    request: SigningRequest,
    kind: CertificateType,
    now: datetime,
) -> list[StoredIdentity]:
    """The stored identities of a type that will do, also by what Apple says (None: not asked)."""
    valid = stored_signing.valid(kind, now, request.renew_before)
    if portal is None or not request.apple_types(kind):
        return valid
    return [each for each in valid if portal.knows(each)]


def lasting(stored_signing: StoredSigning, kind: CertificateType, now: datetime) -> list[StoredIdentity]:
    """Those that are valid today, however soon they end."""
    return stored_signing.valid(kind, now, timedelta())
