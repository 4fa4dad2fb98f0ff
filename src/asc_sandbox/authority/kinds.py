"""The certificates that Apple issues, by `certificateType`: their names, marks, lifetimes and limits.

Names and marks (extensions) are those of Apple's Certification Practice Statement for the Worldwide Developer
Relations, https://www.apple.com/certificateauthority/. Limits are not documented for all types: those here are what
teams run into.
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

    `shown` is what the API calls it, `subject` what its common name begins with. A `personal` one is made out to a
    member of the team, and its limit counts for each API key. Only an `account_holder` may make some.
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
    return CertificateKind(shown, subject, tuple(_MARK + each for each in marks), platform, limit)


def _member(shown: str, subject: str, marks: tuple[str, ...], platform: str | None) -> CertificateKind:
    return CertificateKind(
        shown, subject, tuple(_MARK + each for each in marks), platform, limit=2, personal=True
    )


def _developer_id(*marks: str) -> CertificateKind:
    return CertificateKind(
        "Developer ID Application",
        "Developer ID Application",
        tuple(_MARK + each for each in marks),
        "MAC_OS",
        limit=5,
        days=5 * 365,
        account_holder=True,
    )


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
    """How many there may be: certificates by type, where it differs from KINDS, and devices of a class, None for any.

    Apple has 100 devices of a class and year.
    """

    certificates: Mapping[str, int] = field(default_factory=dict)
    devices: int | None = None

    def of(self, certificate_type: str) -> int:
        """How many valid certificates of a type there may be."""
        return self.certificates.get(certificate_type, KINDS[certificate_type].limit)


DEFAULT_LIMITS = Limits()
