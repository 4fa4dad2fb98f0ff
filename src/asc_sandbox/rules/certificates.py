"""The rules of certificates: requests and roles, limits, and the effect of a revocation on profiles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asc_sandbox.authority.kinds import KINDS
from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import invalid_attribute, problem
from asc_sandbox.errors import Refusal, not_implemented
from asc_sandbox.rules.issued import expiry
from asc_sandbox.rules.profiles import invalidate
from asc_sandbox.world import Record
from asc_sandbox.writing import Given

_LIMIT = "You already have a current {} certificate or a pending certificate request."
_DISTRIBUTORS = ("ACCOUNT_HOLDER", "ADMIN", "APP_MANAGER")


def make_certificate(call: Call, given: Given) -> Record:
    """Issue a certificate for the key of a signing request."""
    certificate_type = given.attributes["certificateType"]
    if certificate_type not in KINDS:
        raise not_implemented(f"certificates of type {certificate_type}")
    _require_role(call, certificate_type)
    public_key = _public_key(given.attributes["csrContent"])
    _require_room(call, certificate_type)
    authority = call.context.authority
    issued = authority.issue(public_key, certificate_type, not_before=call.context.now())
    record = call.world.add("certificates", issued.as_record())
    if call.key:
        authority.made_by[record.id] = call.key.id
    return record


def revoke(call: Call, record: Record) -> None:
    """Revoke a certificate, and invalidate the profiles that contain it."""
    for profile in call.world.all("profiles"):
        if record.id in profile.references.get("certificates", ()):
            invalidate(call.world, profile)
    call.world.remove(record)


def _public_key(csr: str) -> Any:
    # Imported here: it needs cryptography's x509, and the server starts faster without it.
    from asc_sandbox.authority.requests import BadRequest, public_key_of

    try:
        return public_key_of(csr)
    except BadRequest as error:
        raise invalid_attribute(
            "csrContent", f"The certificate signing request is invalid: {error}"
        ) from None


def _require_role(call: Call, certificate_type: str) -> None:
    kind, role = KINDS[certificate_type], call.key.role if call.key else "ACCOUNT_HOLDER"
    if kind.account_holder and role != "ACCOUNT_HOLDER":
        raise _forbidden("ACCOUNT_HOLDER", f"Only the Account Holder can create {kind.shown} certificates.")
    if not kind.personal and role not in (*_DISTRIBUTORS, "ACCOUNT_HOLDER"):
        raise _forbidden("ROLE", f"Your role does not allow you to create {kind.shown} certificates.")


def _forbidden(reason: str, detail: str) -> Refusal:
    return Refusal(403, f"FORBIDDEN_ERROR.{reason}", "This request is forbidden for security reasons", detail)


def _require_room(call: Call, certificate_type: str) -> None:
    """Raise Refusal if there are as many valid certificates of the type as there may be."""
    kind, authority = KINDS[certificate_type], call.context.authority
    # Development certificates count for each API key, all others for the team. Expired ones do not count.
    counted = [
        certificate
        for certificate in call.world.all("certificates")
        if certificate.attributes.get("certificateType") == certificate_type
        and (expiry(certificate) or datetime.max.replace(tzinfo=UTC)) > call.context.now()
        and not (
            kind.personal and authority.made_by.get(certificate.id) != (call.key.id if call.key else None)
        )
    ]
    if len(counted) >= authority.limits.of(certificate_type):
        raise problem(_LIMIT.format(kind.shown.removeprefix("Apple ")))
