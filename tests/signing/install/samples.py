"""Identities, profiles and a Mac for the tests of installing."""

from __future__ import annotations

import functools
import plistlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from asc.identity.certificate import Certificate
from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.install.ledger import Ledger
from asc.signing.install.machine import Installed, install
from asc.signing.install.machine import Mac as Where
from asc.signing.install.placing import FOLDERS
from asc.signing.install.security import Security
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_identity, new_profile
from signing.test_vault_samples import NOW, TEAM, issue, key
from support.security import Mac, mac


def identity(
    number: int = 0,
    name: str = f"Apple Distribution: Example Ltd ({TEAM})",
    kind: CertificateType = CertificateType.DISTRIBUTION,
    certificate_id: str = "E7P4EE896K",
    ends: datetime | None = None,
) -> StoredIdentity:
    der = issue(key(number), name, **({"ends": ends} if ends else {}))
    return new_identity(kind, certificate_id, Certificate.from_der(der), key(number))


@functools.cache
def profile(
    bundle_id: str = "com.example.app",
    uuid: str = "0A1B2C3D-0000-4000-8000-000000000001",
    kind: ProfileType = ProfileType.APP_STORE,
    platform: Platform = Platform.IOS,
    name: str = "",
    signer: int = 0,
) -> StoredProfile:
    """A profile that names the certificate of `identity(signer)`, and two devices."""
    values = {
        "Name": name or f"match {kind.prefix} {bundle_id}",
        "UUID": uuid,
        "TeamIdentifier": [TEAM],
        "Platform": ["iOS"],
        "CreationDate": datetime(2026, 4, 1),
        "ExpirationDate": datetime(2027, 4, 1),
        "ProvisionedDevices": ["00008030-1", "00008030-2"],
        "DeveloperCertificates": [issue(key(signer))],
        "Entitlements": {"application-identifier": f"{TEAM}.{bundle_id}"},
    }
    builder = pkcs7.PKCS7SignatureBuilder().set_data(plistlib.dumps(values))
    signed = builder.add_signer(x509.load_der_x509_certificate(issue(key())), key(), hashes.SHA256())
    content = signed.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    return new_profile(kind, bundle_id, platform, content)


@dataclass(frozen=True)
class Job:
    """A job on a Mac: its own temporary folder, and a ledger that all jobs of the user share."""

    mac: Mac
    ledger: Ledger
    temporary: Path
    timeout: float = 20

    @property
    def security(self) -> Security:
        return Security.find(self.mac.path, self.mac.home, timeout=self.timeout)

    @property
    def where(self) -> Where:
        return Where(self.mac.home, self.temporary, self.security)

    def begin(self, owner: str = "job") -> str:
        return self.ledger.begin(owner, NOW.astimezone(UTC)).id

    def install(
        self,
        identifier: str,
        identities: list[StoredIdentity] | None = None,
        profiles: list[StoredProfile] | None = None,
    ) -> Installed:
        wanted = [identity()] if identities is None else identities
        placed = [profile()] if profiles is None else profiles
        return install(self.where, self.ledger, identifier, wanted, placed)

    def profile_files(self) -> list[Path]:
        return [path for folder in FOLDERS for path in sorted((self.mac.home / folder).glob("*"))]

    def left(self) -> list[str]:
        """Everything that installing may leave, by what it is; empty when all is as it was."""
        found = [f"temporary: {path.name}" for path in self.temporary.rglob("*")]
        found += [f"profile: {path.name}" for path in self.profile_files()]
        found += [f"listed: {each}" for each in self.mac.search_list() if each != self.mac.login]
        found += [f"open: {each}" for each in self.mac.open_keychains() if each != self.mac.login]
        return found + [f"state: {state.id}" for state in self.ledger.states()]


def job(folder: Path, mac_: Mac | None = None, name: str = "temporary") -> Job:
    machine = mac_ or mac(folder / "mac")
    temporary = folder / name
    temporary.mkdir()
    return Job(machine, Ledger(machine.home / "Library/signing"), temporary)
