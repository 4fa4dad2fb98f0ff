"""What is in the store, decrypted and read, and the files that it is written as."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError
from asc.identity.keys import key_pem, same_key
from asc.identity.reading import read_certificates, read_private_key
from asc.provisioning.kinds import CertificateType, Platform, ProfileType
from asc.signing.vault.errors import UnreadableFile
from asc.signing.vault.layout import CertificateEntry, ProfileEntry, certificate_path, key_path, profile_path

_REPLACE = (
    "Remove it from the store, or put the right file in its place with sync-signing in the mode import."
)


@dataclass(frozen=True)
class StoredIdentity:
    """A certificate and its private key, which belong together: that has been checked.

    `key_file` is the decrypted .p12 file as it is, PEM or an imported PKCS#12.
    """

    certificate_id: str
    certificate_type: CertificateType
    team: str
    certificate: Certificate
    key: RSAPrivateKey = field(repr=False)
    key_file: bytes = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """Path → contents before encryption."""
        return {
            certificate_path(self.certificate_type, self.certificate_id, self.team): self.certificate.der,
            key_path(self.certificate_type, self.certificate_id, self.team): self.key_file,
        }


@dataclass(frozen=True)
class StoredProfile:
    """A profile. What the file name says, and what the signed property list inside says, which need not agree."""

    path: str
    profile_type: ProfileType
    bundle_id: str
    platform: Platform
    team: str
    content: bytes = field(repr=False)
    profile: Profile = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """Path → contents before encryption."""
        return {self.path: self.content}


def new_identity(
    kind: CertificateType, certificate_id: str, certificate: Certificate, key: RSAPrivateKey, team: str = ""
) -> StoredIdentity:
    """An identity made just now, with its key in the form that match writes."""
    return StoredIdentity(certificate_id, kind, team, certificate, key, key_pem(key))


def new_profile(
    kind: ProfileType, bundle_id: str, platform: Platform, content: bytes, team: str = ""
) -> StoredProfile:
    """A profile as Apple gave it. Raises Unreadable where it is none; InputError where the bundle id is none."""
    path = profile_path(kind, bundle_id, platform, team)
    profile = _profile(content, path)
    return StoredProfile(path, kind, bundle_id, platform.of_profile, team, content, profile)


def identity_from(
    entry: CertificateEntry, der: bytes, key_file: bytes, p12_password: str | None = None
) -> StoredIdentity:
    """Reads the two files of an identity, decrypted. Raises Unreadable, naming the one to blame."""
    path, path_of_key = entry.path, key_path(entry.certificate_type, entry.certificate_id, entry.team)
    try:
        certificate = read_certificates(der, f"“{path}”")[0]
        path = path_of_key
        key = read_private_key(key_file, p12_password, f"“{path}”")
    except IdentityError as error:
        raise UnreadableFile(path, error.message, f"{error.remedy} {_REPLACE}") from None
    if not same_key(certificate, key):
        message = f"“{path_of_key}” is not the private key of the certificate beside it."
        raise UnreadableFile(path_of_key, message, _REPLACE)
    return StoredIdentity(
        entry.certificate_id, entry.certificate_type, entry.team, certificate, key, key_file
    )


def profile_from(entry: ProfileEntry, content: bytes) -> StoredProfile:
    """Reads a profile, decrypted. Raises Unreadable."""
    profile = _profile(content, entry.path)
    return StoredProfile(
        entry.path, entry.profile_type, entry.bundle_id, entry.platform, entry.team, content, profile
    )


def _profile(content: bytes, path: str) -> Profile:
    try:
        return read_profile(content)
    except ProfileError as error:
        raise UnreadableFile(path, f"“{path}” is not a provisioning profile: {error}.", _REPLACE) from None
