"""What a run works with: the connection, the storage, the passphrase, the time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asc.api.client import Client
from asc.signing.devices.model import Device, fitting
from asc.signing.portal.certificates import Listed, list_certificates
from asc.signing.portal.devices import list_devices
from asc.signing.portal.profiles import AppleProfile, find_profiles
from asc.signing.storage import Storage
from asc.signing.sync.stock import Stock, take_stock
from asc.signing.sync.wants import Want, Wishes
from asc.signing.vault.encryption import Version
from asc.signing.vault.entries import StoredIdentity
from asc.signing.vault.kinds import CertificateType

AT_ONCE = 6
"""Writes at Apple side by side."""


@dataclass(frozen=True)
class Surroundings:
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

    def stock(self, files: Mapping[str, bytes], wishes: Wishes) -> Stock:
        """What the store holds of what is wanted."""
        return take_stock(files, self.passphrase, wishes, self.p12_password)


@dataclass(frozen=True)
class Portal:
    """What Apple has, as far as the wishes ask."""

    certificates: tuple[Listed, ...] = ()
    profiles: tuple[AppleProfile, ...] = ()
    devices: tuple[Device, ...] = ()

    def states(self) -> dict[str, bool]:
        """UUID of each profile → whether it is active."""
        return {profile.uuid: profile.active for profile in self.profiles}

    def devices_of(self, want: Want, wishes: Wishes) -> list[Device]:
        """Return the enabled devices that belong into a profile."""
        return fitting(self.devices, want.platform, include_macs=wishes.include_macs)

    def knows(self, identity: StoredIdentity) -> bool:
        """Whether Apple lists the certificate of an identity: the certificate itself, not its name."""
        return any(
            listed.certificate and listed.certificate.der == identity.certificate.der
            for listed in self.certificates
        )


def look(client: Client, wishes: Wishes, stock: Stock) -> Portal:
    """Asks Apple: one request each for certificates, profiles and devices, side by side, and only those that matter."""
    types = [each for kind in wishes.certificates for each in wishes.apple_types(kind)]
    names = {want.name for want in wishes.wants} | {each.profile.name for each in stock.profiles.values()}
    with ThreadPoolExecutor(3) as pool:
        certificates = pool.submit(list_certificates, client, types) if types else None
        profiles = pool.submit(find_profiles, client, names) if names else None
        devices = pool.submit(list_devices, client) if wishes.needs_devices else None
        return Portal(
            tuple(certificates.result()) if certificates else (),
            tuple(profiles.result()) if profiles else (),
            tuple(devices.result()) if devices else (),
        )


def usable(
    stock: Stock, portal: Portal | None, wishes: Wishes, kind: CertificateType, now: datetime
) -> list[StoredIdentity]:
    """The stored identities of a type that will do, also by what Apple says (None: not asked)."""
    valid = stock.valid(kind, now, wishes.renew_before)
    if portal is None or not wishes.apple_types(kind):
        return valid
    return [each for each in valid if portal.knows(each)]


def lasting(stock: Stock, kind: CertificateType, now: datetime) -> list[StoredIdentity]:
    """Those that are valid today, however soon they end."""
    return stock.valid(kind, now, timedelta())
