"""The certificates of the team."""

from __future__ import annotations

from asc_sandbox.kinds import flag, provisioning_date, text
from asc_sandbox.reading import Filter, instance, listing
from asc_sandbox.resources.values import ACCEPTED_CERTIFICATE_TYPES
from asc_sandbox.rules.certificates import make_certificate, revoke
from asc_sandbox.rules.issued import complete, content
from asc_sandbox.schema import Resource, hidden, one
from asc_sandbox.writing import changing, creating, deleting

CERTIFICATES = Resource(
    "certificates",
    area="provisioning",
    attributes={
        "name": text,
        "certificateType": text,
        "displayName": text,
        "serialNumber": text,
        "platform": text,
        "expirationDate": provisioning_date,
        "certificateContent": text,
        "activated": flag,
    },
    relationships=(one("passTypeId", "passTypeIds"), hidden("merchantId", "merchantIds")),
    defaults={"expirationDate": "in 365 days", "activated": True},
    derived={"certificateContent": content},
    completed=complete,
    short_ids=True,
)

RESOURCES = (CERTIFICATES,)

ENDPOINTS = (
    listing(
        "/v1/certificates",
        CERTIFICATES,
        filters=(
            Filter("displayName"),
            Filter("certificateType", values=ACCEPTED_CERTIFICATE_TYPES),
            Filter("serialNumber"),
            Filter("id"),
        ),
        sorts=("displayName", "certificateType", "serialNumber", "id"),
    ),
    creating(
        "/v1/certificates",
        CERTIFICATES,
        required=("csrContent", "certificateType"),
        related=("merchantId", "passTypeId"),
        values={"certificateType": ACCEPTED_CERTIFICATE_TYPES},
        # A request is never stored: only its public key counts.
        written={"csrContent": text},
        then=make_certificate,
    ),
    instance("/v1/certificates/{id}", CERTIFICATES),
    changing("/v1/certificates/{id}", CERTIFICATES, optional=("activated",)),
    deleting("/v1/certificates/{id}", CERTIFICATES, then=revoke),
)
