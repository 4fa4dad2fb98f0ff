"""Certificates at Apple: listed with their public keys, made from a signing request, revoked.

https://developer.apple.com/documentation/appstoreconnectapi/certificates
"""

from __future__ import annotations

import base64
import contextlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from asc import words
from asc.api.client import Client
from asc.api.document import Resource, request_body
from asc.api.errors import ApiError
from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError
from asc.provisioning.deleting import delete_surely

log = logging.getLogger(__name__)

LOOKS = (0.5, 2.0, 4.0)
"""Seconds before each look for a certificate whose order was not answered."""
NO_FILTER = "_G2"
"""How those `certificateType`s end that stand in Apple's document, and that Apple refuses as a filter and in POST."""
FAULTS_OF_SERVERS = 500
"""HTTP statuses from here on say nothing of what was done."""


@dataclass(frozen=True)
class AppleCertificate:
    """A certificate at Apple: `apple_type` as the API writes it; `certificate` is None where it cannot be read."""

    id: str
    apple_type: str
    name: str
    certificate: Certificate | None = field(default=None, repr=False)

    def __str__(self) -> str:
        until = f", until {self.certificate.not_after:%Y-%m-%d}" if self.certificate else ""
        return f"{self.name} ({self.id}{until})"


def list_certificates(client: Client, apple_types: Collection[str]) -> list[AppleCertificate]:
    """Return the team's certificates of these types. Types that Apple takes as no filter are compared here."""
    query = {"fields[certificates]": "name,displayName,certificateType,certificateContent,activated"}
    filtered = not any(each.endswith(NO_FILTER) for each in apple_types)
    if filtered:
        query["filter[certificateType]"] = ",".join(apple_types)
    listed = [_listed(each) for each in client.list("/v1/certificates", query).data]
    return [each for each in listed if filtered or each.apple_type in apple_types]


def by_public_key(certificates: Sequence[AppleCertificate], public_key: bytes) -> AppleCertificate | None:
    """The certificate that was made for a key (SubjectPublicKeyInfo, DER): names prove nothing."""
    return next(
        (each for each in certificates if each.certificate and each.certificate.public_key == public_key),
        None,
    )


class NotMade(Error):
    """Apple refused to make a certificate: surely there is none."""

    def __init__(self, message: str, remedy: str, exit_code: int = Error.exit_code) -> None:
        super().__init__(message, remedy)
        self.exit_code = exit_code


def create_certificate(client: Client, apple_type: str, csr: str, public_key: bytes) -> AppleCertificate:
    """Has a certificate made. Never makes a second one when the answer to the first request was lost.

    Raises NotMade that explains the team's limit where that is reached, and who may make which type.
    """
    attributes = {"csrContent": csr, "certificateType": apple_type}
    body = request_body("certificates", attributes)
    creation = client.create_once(
        lambda: _ordered(client, apple_type, body),
        lambda: by_public_key(list_certificates(client, _listed_as(apple_type)), public_key),
        pauses=LOOKS,  # Apple may still be creating it
    )
    return _proven(client, apple_type, creation.value, public_key)


def _proven(client: Client, apple_type: str, made: AppleCertificate, public_key: bytes) -> AppleCertificate:
    """The certificate that was made for our key: what an answer holds instead is never stored beside it."""
    found = by_public_key([made], public_key) or by_public_key(
        list_certificates(client, _listed_as(apple_type)), public_key
    )
    if found:
        return found
    raise Error(
        f"App Store Connect made the certificate {made.id}, but answered without it or with another one.",
        "Run the step again: its key lies in the storage (pending/), and the certificate is looked for by it.",
    )


def _listed_as(apple_type: str) -> tuple[str, ...]:
    """Return the types under which Apple may list what it made as `apple_type`."""
    return (apple_type, apple_type + NO_FILTER) if apple_type.startswith("DEVELOPER_ID") else (apple_type,)


def _ordered(client: Client, apple_type: str, body: object) -> AppleCertificate:
    try:
        return _listed(client.create("/v1/certificates", body).resource)
    except ApiError as error:
        if error.status >= FAULTS_OF_SERVERS:
            raise
        raise _explained(client, apple_type, error) from None


class LimitReached(NotMade):
    """The team has as many certificates of the type as Apple allows."""


def revoke_certificate(client: Client, certificate_id: str) -> None:
    """Revokes it: what was signed with it for development or outside of the store stops to run."""
    delete_surely(client, f"/v1/certificates/{certificate_id}")


def _explained(client: Client, apple_type: str, error: ApiError) -> NotMade:
    text = error.message.lower()
    if error.status == 409 and ("already have" in text or "maximum" in text or "limit" in text):
        there: list[AppleCertificate] = []
        with contextlib.suppress(Error):  # what Apple said of the order matters more
            there = list_certificates(client, _listed_as(apple_type))
        names = words.some([str(certificate) for certificate in there], separator="; ") or "none is listed"
        return LimitReached(
            f"The team has as many {apple_type} certificates as Apple allows: {names}. {error.message}",
            "Revoke one that nobody uses (mode: revoke with certificate-ids, or developer.apple.com/account), "
            "or bring the one in use into the storage (mode: import).",
        )
    if error.status == 403 and apple_type.startswith("DEVELOPER_ID"):
        return NotMade(
            error.message,
            "Apple lets only the account holder make Developer ID certificates: make it at "
            "developer.apple.com/account, and bring it into the storage with mode: import.",
        )
    return NotMade(error.message, error.remedy, error.exit_code)


def _listed(resource: Resource) -> AppleCertificate:
    try:
        der = base64.b64decode(resource.text("certificateContent"), validate=True)
        certificate = Certificate.from_der(der) if der else None
    except (ValueError, IdentityError):  # not ASCII, not base64
        certificate = None
    name = resource.text("name") or resource.text("displayName")
    return AppleCertificate(resource.id, resource.text("certificateType"), name, certificate)
