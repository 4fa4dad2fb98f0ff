"""The certificates that Apple issues, by `certificateType`: their names, marks, lifetimes and limits.

Names and marks (extensions) are from Apple's Certification Practice Statement for the Worldwide Developer
Relations, https://www.apple.com/certificateauthority/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
_INSTALLER_SIGNING = "1.2.840.113635.100.4.9"
_MARK = "1.2.840.113635.100.6.1."


@dataclass(frozen=True)
class CertificateKind:
    """A type of certificates.

    `shown` is its name in the API, `subject` the beginning of its common name. A `personal` certificate belongs to
    a member of the team, and its limit counts for each API key. An `account_holder` one can only be made by the
    Account Holder.
    """

    shown: str
    subject: str
    marks: tuple[str, ...]
    platform: str | None
    limit: int
    usage: str = CODE_SIGNING
    days: int = 365
    personal: bool = False
    account_holder: bool = False


def _team(
    shown: str, subject: str, marks: tuple[str, ...], platform: str | None, limit: int
) -> CertificateKind:
    return CertificateKind(shown, subject, tuple(_MARK + mark for mark in marks), platform, limit)


def _member(shown: str, subject: str, marks: tuple[str, ...], platform: str | None) -> CertificateKind:
    return CertificateKind(
        shown, subject, tuple(_MARK + mark for mark in marks), platform, limit=2, personal=True
    )


def _developer_id(*marks: str) -> CertificateKind:
    return CertificateKind(
        "Developer ID Application",
        "Developer ID Application",
        tuple(_MARK + mark for mark in marks),
        "MAC_OS",
        limit=5,
        # Apple issues Developer ID certificates for five years.
        days=5 * 365,
        account_holder=True,
    )


# Apple does not document the limits of all types: these are the numbers that teams reported.
KINDS: Mapping[str, CertificateKind] = {
    "DEVELOPMENT": _member("Apple Development", "Apple Development", ("2", "12"), None),
    "DISTRIBUTION": _team("Apple Distribution", "Apple Distribution", ("4", "7"), None, 3),
    "IOS_DEVELOPMENT": _member("iOS Development", "iPhone Developer", ("2",), "IOS"),
    "IOS_DISTRIBUTION": _team("iOS Distribution", "iPhone Distribution", ("4",), "IOS", 2),
    "MAC_APP_DEVELOPMENT": _member("Mac Development", "Mac Developer", ("12",), "MAC_OS"),
    "MAC_APP_DISTRIBUTION": _team(
        "Mac App Distribution", "3rd Party Mac Developer Application", ("7",), "MAC_OS", 2
    ),
    "MAC_INSTALLER_DISTRIBUTION": CertificateKind(
        "Mac Installer Distribution",
        "3rd Party Mac Developer Installer",
        (_MARK + "8",),
        "MAC_OS",
        limit=2,
        usage=_INSTALLER_SIGNING,
    ),
    "DEVELOPER_ID_APPLICATION": _developer_id("13"),
    "DEVELOPER_ID_APPLICATION_G2": _developer_id("13", "33"),
    "DEVELOPER_ID_KEXT": _developer_id("13", "18"),
    "DEVELOPER_ID_KEXT_G2": _developer_id("13", "18", "33"),
}


@dataclass(frozen=True)
class Limits:
    """The largest numbers of certificates by type, if they differ from KINDS, and of devices of a class."""

    certificates: Mapping[str, int] = field(default_factory=dict)
    # Apple allows 100 devices of a class per year. None sets no limit.
    devices: int | None = None

    def of(self, certificate_type: str) -> int:
        """Return how many valid certificates of a type there may be."""
        return self.certificates.get(certificate_type, KINDS[certificate_type].limit)


DEFAULT_LIMITS = Limits()
