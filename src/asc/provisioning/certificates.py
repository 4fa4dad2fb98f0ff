"""The team's certificates at Apple: list them with their public keys, create them from a signing request, revoke them.

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
from asc.api.polling import look_until
from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError
from asc.provisioning.deleting import delete_if_there

log = logging.getLogger(__name__)

LOOKUP_PAUSES = (0.5, 2.0, 4.0)
"""Seconds before each lookup of a certificate whose POST was not answered."""
UNFILTERABLE_SUFFIX = "_G2"
"""End of the `certificateType`s that Apple documents and lists, but refuses as a filter and in a POST."""
SERVER_ERRORS = 500
"""Lowest HTTP status that leaves open if the request was applied."""


@dataclass(frozen=True)
class AppleCertificate:
    """A certificate as Apple lists it.

    `apple_type` is Apple's `certificateType`; `certificate` is None if its content cannot be read.
    """

    id: str
    apple_type: str
    name: str
    certificate: Certificate | None = field(default=None, repr=False)

    def __str__(self) -> str:
        until = f", until {self.certificate.not_after:%Y-%m-%d}" if self.certificate else ""
        return f"{self.name} ({self.id}{until})"


def list_certificates(client: Client, apple_types: Collection[str]) -> list[AppleCertificate]:
    """Return the team's certificates of these `certificateType`s, over all pages."""
    query = {"fields[certificates]": "name,displayName,certificateType,certificateContent"}
    # Apple refuses some types as a filter. Then everything is listed, and the types are compared here.
    filtered = not any(apple_type.endswith(UNFILTERABLE_SUFFIX) for apple_type in apple_types)
    if filtered:
        query["filter[certificateType]"] = ",".join(apple_types)
    listed = [_read_certificate(resource) for resource in client.list("/v1/certificates", query).data]
    return [certificate for certificate in listed if filtered or certificate.apple_type in apple_types]


def by_public_key(certificates: Sequence[AppleCertificate], public_key: bytes) -> AppleCertificate | None:
    """Return the certificate of a public key (SubjectPublicKeyInfo in DER), or None."""
    # Several certificates of a team may have the same name, so only the key identifies one.
    return next(
        (
            listed
            for listed in certificates
            if listed.certificate and listed.certificate.public_key == public_key
        ),
        None,
    )


class CertificateRefused(Error):
    """Apple refused to create a certificate, so that certainly none was created."""

    def __init__(self, message: str, remedy: str, exit_code: int = Error.exit_code) -> None:
        super().__init__(message, remedy)
        self.exit_code = exit_code


def create_certificate(client: Client, apple_type: str, csr: str, public_key: bytes) -> AppleCertificate:
    """Create a certificate of `apple_type` from a CSR (PEM) and return it.

    `public_key` is the key of the CSR (SubjectPublicKeyInfo in DER); after a lost answer the certificate is looked up
    by it, so that no second one is created. Raises LimitReached or CertificateRefused if Apple refuses, Error if Apple
    accepts the request and lists no certificate of this key.
    """
    attributes = {"csrContent": csr, "certificateType": apple_type}
    body = request_body("certificates", attributes)
    creation = client.create_once(
        lambda: _ordered(client, apple_type, body),
        lambda: by_public_key(list_certificates(client, _listed_as(apple_type)), public_key),
        pauses=LOOKUP_PAUSES,  # Apple may still be creating it
    )
    # `create_once` has found it in the list, so that it need not be looked for again.
    if creation.doubt:
        return creation.value
    # The list, and not the answer: a certificate that Apple does not list cannot be in a profile.
    listed = look_until(
        client,
        lambda: by_public_key(list_certificates(client, _listed_as(apple_type)), public_key),
        lambda found: found is not None,
    )
    if listed is None:
        raise Error(
            f"App Store Connect answered that it created the certificate {creation.value.id}, but lists none of this "
            "key.",
            "Run the step again. It finds the certificate by its key, which the storage holds in pending/.",
        )
    return listed


def _listed_as(apple_type: str) -> tuple[str, ...]:
    """Return the types under which Apple may list a certificate that it created as `apple_type`."""
    return (
        (apple_type, apple_type + UNFILTERABLE_SUFFIX)
        if apple_type.startswith("DEVELOPER_ID")
        else (apple_type,)
    )


def _ordered(client: Client, apple_type: str, body: object) -> AppleCertificate:
    try:
        return _read_certificate(client.create("/v1/certificates", body).resource)
    except ApiError as error:
        if error.status >= SERVER_ERRORS:
            raise
        raise _refusal(client, apple_type, error) from None


class LimitReached(CertificateRefused):
    """The team has as many certificates of the type as Apple allows for one team."""


def revoke_certificate(client: Client, certificate_id: str) -> None:
    """Revoke a certificate by Apple's id. One that does not exist is no error.

    Apps that it signed for development, ad-hoc or Developer ID no longer start.
    """
    delete_if_there(client, f"/v1/certificates/{certificate_id}")


def not_revoked(
    client: Client, apple_types: Collection[str], revoked_ids: Collection[str]
) -> list[AppleCertificate]:
    """Return those of the revoked certificates (Apple's ids) that Apple lists all the same. Makes one request."""

    def look() -> list[AppleCertificate]:
        return [listed for listed in list_certificates(client, apple_types) if listed.id in revoked_ids]

    return look_until(client, look, lambda left: not left) if revoked_ids else []


def check_revoked(client: Client, apple_types: Collection[str], certificate_id: str) -> None:
    """Raise Error if Apple accepted that a certificate is revoked, and lists it all the same."""
    if left := not_revoked(client, apple_types, [certificate_id]):
        raise Error(
            f"Apple accepted that the certificate {left[0]} is revoked, but still lists it.",
            "Run the step again. If the error stays, revoke it at developer.apple.com/account.",
        )


def _refusal(client: Client, apple_type: str, error: ApiError) -> CertificateRefused:
    text = error.message.lower()
    # Apple has no code for the limit, and its words differ by type: "You already have a current … certificate".
    if error.status == 409 and ("already have" in text or "maximum" in text or "limit" in text):
        existing: list[AppleCertificate] = []
        with contextlib.suppress(Error):  # the refusal matters more than a failure of this listing
            existing = list_certificates(client, _listed_as(apple_type))
        names = words.some([str(certificate) for certificate in existing], separator="; ") or "none is listed"
        return LimitReached(
            f"The team has as many {apple_type} certificates as Apple allows: {names}. {error.message}",
            "Revoke one that nobody uses (mode: revoke with certificate-ids, or developer.apple.com/account), "
            "or import the one in use into the storage (mode: import).",
        )
    if error.status == 403 and apple_type.startswith("DEVELOPER_ID"):
        return CertificateRefused(
            error.message,
            "Apple lets only the account holder create Developer ID certificates. Create it at "
            "developer.apple.com/account, then import it into the storage with mode: import.",
        )
    return CertificateRefused(error.message, error.remedy, error.exit_code)


def _read_certificate(resource: Resource) -> AppleCertificate:
    try:
        der = base64.b64decode(resource.text("certificateContent"), validate=True)
        certificate = Certificate.from_der(der) if der else None
    # One certificate that cannot be read must not hide the others.
    except (ValueError, IdentityError):  # ValueError: neither ASCII nor base64
        certificate = None
    name = resource.text("name") or resource.text("displayName")
    return AppleCertificate(resource.id, resource.text("certificateType"), name, certificate)
