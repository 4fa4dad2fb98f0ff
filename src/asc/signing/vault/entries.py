"""Read decrypted files of the storage into identities and profiles, and turn those into files again."""

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

_REPLACE = "Remove it from the storage, or replace it with the mode import of sync-signing."


@dataclass(frozen=True)
class StoredIdentity:
    """A certificate and its private key; they have been checked to belong together.

    `key_file` is the content of the decrypted .p12 file: PEM, or PKCS#12 if it was imported.
    """

    certificate_id: str
    certificate_type: CertificateType
    team: str
    certificate: Certificate
    key: RSAPrivateKey = field(repr=False)
    key_file: bytes = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """Return the two files of this identity: path → content before encryption."""
        return {
            certificate_path(self.certificate_type, self.certificate_id, self.team): self.certificate.der,
            key_path(self.certificate_type, self.certificate_id, self.team): self.key_file,
        }


@dataclass(frozen=True)
class StoredProfile:
    """A stored profile.

    The fields from `profile_type` to `team` come from the path, `profile` from the signed content. The two may differ.
    """

    path: str
    profile_type: ProfileType
    bundle_id: str
    platform: Platform
    team: str
    content: bytes = field(repr=False)
    profile: Profile = field(repr=False)

    def files(self) -> dict[str, bytes]:
        """Return the file of this profile: path → content before encryption."""
        return {self.path: self.content}


def new_identity(
    kind: CertificateType, certificate_id: str, certificate: Certificate, key: RSAPrivateKey, team: str = ""
) -> StoredIdentity:
    """Return the identity of a new certificate, with its key in PEM as match writes it."""
    return StoredIdentity(certificate_id, kind, team, certificate, key, key_pem(key))


def new_profile(
    kind: ProfileType, bundle_id: str, platform: Platform, content: bytes, team: str = ""
) -> StoredProfile:
    """Return the stored form of a profile that Apple has just created.

    Raises UnreadableFile if `content` is not a profile, InputError if `bundle_id` is invalid.
    """
    path = profile_path(kind, bundle_id, platform, team)
    profile = _profile(content, path)
    return StoredProfile(path, kind, bundle_id, platform.of_profile, team, content, profile)


def identity_from(
    entry: CertificateEntry, der: bytes, key_file: bytes, p12_password: str | None = None
) -> StoredIdentity:
    """Read the two decrypted files of an identity. Raises UnreadableFile, which names the file that is wrong."""
    # `path` is always the file that is being read, so that an error names the right one.
    path, path_of_key = entry.path, key_path(entry.certificate_type, entry.certificate_id, entry.team)
    try:
        certificate = read_certificates(der, f"“{path}”")[0]
        path = path_of_key
        key = read_private_key(key_file, p12_password, f"“{path}”")
    except IdentityError as error:
        raise UnreadableFile(path, error.message, f"{error.remedy} {_REPLACE}") from None
    # Two valid files can still belong to different certificates, if somebody exchanged one of them.
    if not same_key(certificate, key):
        message = f"“{path_of_key}” is not the private key of the certificate beside it."
        raise UnreadableFile(path_of_key, message, _REPLACE)
    return StoredIdentity(
        entry.certificate_id, entry.certificate_type, entry.team, certificate, key, key_file
    )


def profile_from(entry: ProfileEntry, content: bytes) -> StoredProfile:
    """Read a decrypted profile. Raises UnreadableFile if the content is not one."""
    profile = _profile(content, entry.path)
    return StoredProfile(
        entry.path, entry.profile_type, entry.bundle_id, entry.platform, entry.team, content, profile
    )


def _profile(content: bytes, path: str) -> Profile:
    try:
        return read_profile(content)
    except ProfileError as error:
        raise UnreadableFile(path, f"“{path}” is not a provisioning profile: {error}.", _REPLACE) from None
