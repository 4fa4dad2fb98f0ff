"""Issue certificates for public keys and signing requests, with any dates."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asc_sandbox.authority.kinds import DEFAULT_LIMITS, KINDS, Limits
from asc_sandbox.authority.team import TEAM, Team

if TYPE_CHECKING:
    from asc_sandbox.authority.ca import PublicKey


@dataclass(frozen=True)
class Issued:
    """A certificate as DER, with the facts that the API shows."""

    der: bytes = field(repr=False)
    certificate_type: str
    name: str
    display_name: str
    serial_number: str
    platform: str | None
    expires: datetime

    def as_record(self) -> dict[str, Any]:
        """Return the members of a record of `certificates`, for a seed and for `sandbox.world.add`."""
        return {
            "certificateType": self.certificate_type,
            "name": self.name,
            "displayName": self.display_name,
            "serialNumber": self.serial_number,
            "platform": self.platform,
            "expirationDate": self.expires,
            "certificateContent": base64.b64encode(self.der).decode(),
        }


@dataclass(frozen=True)
class Authority:
    """Issue certificates of one team. All authorities of a process have the same root."""

    team: Team = TEAM
    limits: Limits = DEFAULT_LIMITS
    made_by: dict[str, str] = field(default_factory=dict, compare=False)
    """The id of the API key that made each certificate, by the id of the record."""

    def issue(
        self,
        key: PublicKey | str,
        certificate_type: str = "DISTRIBUTION",
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        serial: int | None = None,
        holder: str | None = None,
    ) -> Issued:
        """Return a certificate for a public key or a signing request (PEM).

        It begins now and lasts as long as Apple's, unless dates are given. Raises ValueError for a bad request.
        """
        # Imported here: ca needs cryptography's x509, and the server starts without it.
        from asc_sandbox.authority import ca
        from asc_sandbox.authority.requests import public_key_of

        kind, lifetime = KINDS[certificate_type], timedelta(days=KINDS[certificate_type].days)
        # If only the end is given, the beginning follows from it, so that the lifetime stays Apple's.
        begin = not_before or (datetime.now(UTC) if not_after is None else not_after - lifetime)
        display_name = holder or (self.team.member_name if kind.personal else self.team.name)
        owner = self.team.member_id if kind.personal else self.team.id
        order = ca.Order(
            public_key=public_key_of(key) if isinstance(key, str) else key,
            common_name=f"{kind.subject}: {display_name} ({owner})",
            user_id=owner,
            unit=self.team.id,
            organization=self.team.name,
            country=self.team.country,
            # 127 bits keep the number positive and within the 20 octets of RFC 5280.
            serial=serial or secrets.randbits(127) | 1,
            not_before=begin.astimezone(UTC).replace(microsecond=0),
            not_after=(not_after or begin + lifetime).astimezone(UTC).replace(microsecond=0),
            marks=kind.marks,
            usage=kind.usage,
        )
        return Issued(
            der=ca.issue(order),
            certificate_type=certificate_type,
            name=f"{kind.shown}: {display_name}",
            display_name=display_name,
            serial_number=hexadecimal(order.serial),
            platform=kind.platform,
            expires=order.not_after,
        )

    def chain(self) -> bytes:
        """Return the certificates above the issued ones as PEM: the intermediate, then the root."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from asc_sandbox.authority import ca

        signers = (ca.intermediate(), ca.root())
        return b"".join(signer.certificate.public_bytes(Encoding.PEM) for signer in signers)


def hexadecimal(serial: int) -> str:
    """Return a serial number as Apple shows it: 32 upper-case hexadecimal digits."""
    return f"{serial:032X}"
