"""Certificates as far as signing looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization

from asc.identity.errors import IdentityError

_KINDS = {
    "Apple Development": "DEVELOPMENT",
    "Apple Distribution": "DISTRIBUTION",
    "iPhone Developer": "IOS_DEVELOPMENT",
    "iPhone Distribution": "IOS_DISTRIBUTION",
    "Mac Developer": "MAC_APP_DEVELOPMENT",
    "3rd Party Mac Developer Application": "MAC_APP_DISTRIBUTION",
    "3rd Party Mac Developer Installer": "MAC_INSTALLER_DISTRIBUTION",
    "Developer ID Application": "DEVELOPER_ID_APPLICATION",
    "Developer ID Installer": "DEVELOPER_ID_INSTALLER",
}
"""Apple's `certificateType` by what the common name begins with, as Apple's certificate list documents the names."""


@dataclass(frozen=True)
class Certificate:
    """A certificate. Times are aware and in UTC; fingerprints are upper case hex without colons.

    `serial` is upper case hex, as App Store Connect gives `serialNumber`; compare with `has_serial`, which does not
    mind zeros in front. `kind` is Apple's `certificateType` as far as the name tells: the second generation of
    Developer ID has the name of the first. `team_id` is the organizational unit. `public_key` is the
    SubjectPublicKeyInfo, DER.
    """

    der: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    serial: str
    common_name: str
    team_id: str | None
    kind: str | None
    not_before: datetime
    not_after: datetime
    sha1: str
    sha256: str

    @classmethod
    def from_der(cls, der: bytes, name: str = "The certificate") -> Certificate:
        """`name` stands for the file in errors. Raises IdentityError where it is no certificate, or an odd one."""
        try:
            return cls.of(x509.load_der_x509_certificate(der))
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            raise IdentityError(
                f"{name} is not a certificate that can be read.",
                "Download it again from Apple: a .cer file has some 1.5 KB.",
            ) from None

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Certificate:
        """Raises ValueError or UnsupportedAlgorithm where parts of it cannot be read."""
        name = _first(certificate, x509.NameOID.COMMON_NAME) or ""
        return cls(
            der=certificate.public_bytes(serialization.Encoding.DER),
            public_key=certificate.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            serial=f"{certificate.serial_number:X}",
            common_name=name,
            team_id=_first(certificate, x509.NameOID.ORGANIZATIONAL_UNIT_NAME),
            kind=_KINDS.get(name.partition(":")[0].strip()),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            sha1=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303  a name, not a proof
            sha256=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        )

    def has_serial(self, serial: str) -> bool:
        """Whether `serial`, in hex, is this certificate's."""
        return serial.upper().lstrip("0") == self.serial.lstrip("0")

    def valid_at(self, now: datetime) -> bool:
        """Whether it has begun and not ended; both bounds belong to it (RFC 5280, 4.1.2.5)."""
        return self.not_before <= now <= self.not_after

    def expires_within(self, span: timedelta, now: datetime) -> bool:
        """Whether it ends before `now` + `span`, or has ended."""
        return self.not_after < now + span


def _first(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    try:
        values = [each.value for each in certificate.subject.get_attributes_for_oid(oid)]
    except KeyError:
        # cryptography 48, which macOS on Intel keeps (docs/adr/0003), raises this for a type of text it does not know.
        raise ValueError("The name has a text of an unknown type.") from None
    return next((value for value in values if isinstance(value, str)), None)
