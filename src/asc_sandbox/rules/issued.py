"""The facts in the records of certificates, and the content of certificates that a seed gives without one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asc_sandbox.authority.issuing import hexadecimal
from asc_sandbox.authority.kinds import KINDS
from asc_sandbox.authority.team import TEAM
from asc_sandbox.endpoints import Call
from asc_sandbox.world import Record

_NAMESPACE = uuid.UUID("0d8c8e7b-51a5-4a3a-a8c9-7c0a0c5d0f4e")


def complete(record_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return further attributes of a new record, from its content if it has one, and from its type."""
    kind = KINDS.get(str(given.get("certificateType")))
    holder = given.get("displayName") or (TEAM.member_name if kind and kind.personal else TEAM.name)
    made_up = {
        "displayName": holder,
        # Shifted, so that the number is positive as in real certificates.
        "serialNumber": hexadecimal(uuid.uuid5(_NAMESPACE, record_id).int >> 1),
        **({"name": f"{kind.shown}: {holder}", "platform": kind.platform} if kind else {}),
    }
    return {**made_up, **_facts(given.get("certificateContent"))}


def _facts(content: object) -> dict[str, Any]:
    """Return the facts in a certificate; none if it cannot be read."""
    if not isinstance(content, str):
        return {}
    from asc_sandbox.authority.requests import certificate_of

    certificate = certificate_of(content)
    if certificate is None:
        return {}
    return {
        "serialNumber": hexadecimal(certificate.serial_number),
        "expirationDate": certificate.not_valid_after_utc,
    }


def content(call: Call, record: Record) -> str:
    """Return the certificate of a record without one: made at the first request, and stored."""
    from asc_sandbox.authority import ca

    facts = record.attributes
    kind = str(facts.get("certificateType"))
    issued = call.context.authority.issue(
        ca.unowned_key(),
        # A seed may have a type that the authority does not issue.
        kind if kind in KINDS else "DISTRIBUTION",
        not_after=expiry(record),
        serial=_number(facts.get("serialNumber")),
        holder=facts.get("displayName"),
    )
    made = issued.as_record()["certificateContent"]
    call.world.change(record, certificateContent=made)
    return str(made)


def expiry(record: Record) -> datetime | None:
    """Return the end of a certificate's validity, None if its record has no date."""
    until = record.attributes.get("expirationDate")
    return datetime.fromisoformat(until) if until else None


def _number(serial: object) -> int | None:
    """Return a serial number from its hexadecimal form, None if a seed has another text there."""
    try:
        return int(str(serial), 16) or None
    except ValueError:
        return None
