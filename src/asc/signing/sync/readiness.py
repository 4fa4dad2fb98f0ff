"""Check that the storage alone is enough to sign, without a request to Apple (mode: read-only)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asc import words
from asc.errors import Error
from asc.provisioning.kinds import CertificateType
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest, expiry_defect, profile_defect
from asc.signing.sync.storage_report import StorageReport
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile

CREATE_BY_HAND = "create a new one at developer.apple.com/account, and import it with mode: import"
"""The imperative for a certificate that no API key can create."""


@dataclass(frozen=True)
class ReadySigning:
    """The identities and profiles that a machine needs to sign. The first identity of each type is the one to use."""

    identities: tuple[StoredIdentity, ...]
    profiles: tuple[tuple[ProfileSpec, StoredProfile], ...]


def ready_signing(
    stored_signing: StoredSigning,
    request: SigningRequest,
    now: datetime,
    inspect: Callable[[], StorageReport],
) -> ReadySigning:
    """Return all requested identities and profiles from the storage.

    Raises Error with everything that is missing or expired. If something is missing, `inspect` is called and the error
    names other places that may have it.
    """
    missing = [
        *_identity_defects(stored_signing, request, now),
        *_profile_defects(stored_signing, request, now),
    ]
    if missing:
        faults = [f"{fault.message} {fault.remedy}" for fault in stored_signing.faults]
        report = inspect() if _absent(stored_signing, request) else None
        elsewhere = report.lines() if report else []
        raise Error(
            "\n".join([*missing, *faults, *_other_apps(stored_signing, request), *elsewhere]),
            _remedy(stored_signing, request, now, report),
        )
    profiles = tuple((spec, stored_signing.profiles[spec]) for spec in request.specs)
    identities = [
        identity
        for kind in request.certificates
        for identity in _used(stored_signing.valid(kind, now, timedelta()), profiles)
    ]
    return ReadySigning(tuple(identities), profiles)


def _remedy(
    stored_signing: StoredSigning, request: SigningRequest, now: datetime, report: StorageReport | None
) -> str:
    """Return the one thing to do about everything that is missing."""
    lacks_certificate = any(_lacks(stored_signing, kind) for kind in request.certificates)
    # Apple allows few certificates, so one that lies in another place must not be created a second time.
    if report and report.other_places and lacks_certificate:
        return report.remedy
    how = "with mode: sync and a key that may change certificates and profiles"
    invalid = [kind for kind in request.certificates if not stored_signing.valid(kind, now, timedelta())]
    by_hand = any(kind.needs_account_holder for kind in invalid)
    if any(stored_signing.damaged(kind) for kind in request.certificates):
        alternative = CREATE_BY_HAND if by_hand else f"run sync-signing once {how}, and if-revoked: replace"
        return f"Restore the damaged files, or {alternative}."
    if by_hand:
        return f"Apple lets only the account holder create Developer ID certificates: {CREATE_BY_HAND}."
    return f"Run sync-signing once {how}."


def _absent(stored_signing: StoredSigning, request: SigningRequest) -> bool:
    return any(spec not in stored_signing.profiles for spec in request.specs) or any(
        _lacks(stored_signing, kind) for kind in request.certificates
    )


def _lacks(stored_signing: StoredSigning, kind: CertificateType) -> bool:
    return not stored_signing.identities.get(kind) and not stored_signing.damaged(kind)


def _other_apps(stored_signing: StoredSigning, request: SigningRequest) -> list[str]:
    """Return sentences that name the bundle ids of the stored profiles, for each type of a missing profile."""
    # They tell the user that the bundle id, the branch or the team is another one than meant.
    kinds = dict.fromkeys(spec.kind for spec in request.specs if spec not in stored_signing.profiles)
    lines = []
    for kind in kinds:
        names = stored_signing.bundle_ids.get(kind, ())
        if names:
            lines.append(f"Stored for {kind} are profiles for {words.some(names)}.")
    return lines


def _used(
    valid: list[StoredIdentity], profiles: Iterable[tuple[ProfileSpec, StoredProfile]]
) -> list[StoredIdentity]:
    """Return the identities whose certificates the profiles contain, or else the one that lasts longest."""
    inside = {der for _, stored in profiles for der in stored.profile.certificates}
    return [identity for identity in valid if identity.certificate.der in inside] or valid[:1]


def _identity_defects(stored_signing: StoredSigning, request: SigningRequest, now: datetime) -> list[str]:
    found = []
    for kind in request.certificates:
        if stored_signing.valid(kind, now, timedelta()):
            continue
        stored = stored_signing.identities.get(kind, ())
        absent = "is stored, but cannot be used" if stored_signing.damaged(kind) else "is not stored"
        why = expiry_defect(stored[0].certificate.not_after, now, timedelta()) if stored else absent
        found.append(f"The {kind.value} certificate {why or 'is not valid yet'}.")
    return found


def _profile_defects(stored_signing: StoredSigning, request: SigningRequest, now: datetime) -> list[str]:
    found = []
    for spec in request.specs:
        certificates = [
            identity.certificate
            for identity in stored_signing.valid(spec.kind.certificate_type, now, timedelta())
        ]
        if not certificates:
            # _identity_defects names the certificate; its profiles would only repeat that.
            continue
        if defect := profile_defect(spec, stored_signing.profiles.get(spec), certificates, now, timedelta()):
            found.append(f"{str(spec).capitalize()}: {defect}.")
    return found
