"""Certificates, with the fields that signing needs."""

from __future__ import annotations

import warnings
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
"""Apple's `certificateType` by the beginning of the common name, as in Apple's list of certificates."""


@dataclass(frozen=True)
class Certificate:
    """A certificate. Times are in UTC; fingerprints are upper case hex without colons.

    `serial` is upper case hex without leading zeros. `kind` is Apple's `certificateType` as far as the name tells it:
    both generations of Developer ID have the same name. `team_id` is the organizational unit. `public_key` is the
    SubjectPublicKeyInfo in DER.
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
        """Return the certificate in `der`. `name` names the file in errors. Raises IdentityError."""
        try:
            return cls.of(x509.load_der_x509_certificate(der))
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            raise IdentityError(
                f"{name} is not a certificate that can be read.",
                "Download it again from Apple: a .cer file has some 1.5 KB.",
            ) from None

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Certificate:
        """Return the fields of a parsed certificate. Raises ValueError or UnsupportedAlgorithm for unreadable ones."""
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

    def valid_at(self, now: datetime) -> bool:
        """Return True if the certificate is valid then. Both bounds are included (RFC 5280, 4.1.2.5)."""
        return self.not_before <= now <= self.not_after

    def expires_within(self, span: timedelta, now: datetime) -> bool:
        """Return True if the certificate ends before `now` + `span`, or has ended."""
        return self.not_after < now + span


def _first(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    try:
        # X.520 allows 64 characters, and a company may have a longer name. cryptography warns of it on standard error.
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            values = [attribute.value for attribute in certificate.subject.get_attributes_for_oid(oid)]
    except (KeyError, TypeError):
        # TypeError is for bits in the place of a text. KeyError is what cryptography 48, which macOS on Intel keeps
        # (docs/adr/0003), raises for a type of text that it does not know.
        raise ValueError("The name has a text of an unknown type.") from None
    return next((value for value in values if isinstance(value, str)), None)
