"""Read-only: what the store holds must do as it is. Nothing is asked of Apple."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asc import words
from asc.errors import Error
from asc.provisioning.kinds import CertificateType
from asc.signing.sync.around import Around
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest, ends, profile_defect
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile

MAKE_BY_HAND = "make a new one at developer.apple.com/account, and bring it in with mode: import"
"""How a certificate comes about that no API key can make."""


@dataclass(frozen=True)
class ReadySigning:
    """What a machine needs to sign: identities, the first of each type being the one to use, and profiles."""

    identities: tuple[StoredIdentity, ...]
    profiles: tuple[tuple[ProfileSpec, StoredProfile], ...]


def ready(
    stored_signing: StoredSigning, request: SigningRequest, now: datetime, look: Callable[[], Around]
) -> ReadySigning:
    """Return everything that is wanted, from the store. `look` is called where something is not stored.

    Raises Error that names all that is missing or over, and where it may be instead.
    """
    missing = [
        *_identity_defects(stored_signing, request, now),
        *_profile_defects(stored_signing, request, now),
    ]
    if missing:
        faults = [f"{fault.message} {fault.remedy}" for fault in stored_signing.faults]
        made = "with mode: sync and a key that may change certificates and profiles"
        remedy = f"Run sync-signing once {made}."
        lacking = [kind for kind in request.certificates if not stored_signing.valid(kind, now, timedelta())]
        by_hand = any(kind.needs_account_holder for kind in lacking)
        if by_hand:
            remedy = f"Apple lets only the account holder make Developer ID certificates: {MAKE_BY_HAND}."
        if any(stored_signing.damaged(kind) for kind in request.certificates):
            anew = MAKE_BY_HAND if by_hand else f"run sync-signing once {made}, and if-revoked: replace"
            remedy = f"Restore what is damaged; or else {anew}."
        around = look() if _absent(stored_signing, request) else None
        beside = around.lines() if around else []
        # A certificate that lies next door may not be made a second time: Apple allows few.
        if around and around.places and any(_lacks(stored_signing, kind) for kind in request.certificates):
            remedy = around.remedy
        raise Error("\n".join([*missing, *faults, *_there(stored_signing, request), *beside]), remedy)
    profiles = tuple((spec, stored_signing.profiles[spec]) for spec in request.specs)
    identities = [
        each
        for kind in request.certificates
        for each in _used(stored_signing.valid(kind, now, timedelta()), profiles)
    ]
    return ReadySigning(tuple(identities), profiles)


def _absent(stored_signing: StoredSigning, request: SigningRequest) -> bool:
    return any(spec not in stored_signing.profiles for spec in request.specs) or any(
        _lacks(stored_signing, kind) for kind in request.certificates
    )


def _lacks(stored_signing: StoredSigning, kind: CertificateType) -> bool:
    return not stored_signing.identities.get(kind) and not stored_signing.damaged(kind)


def _there(stored_signing: StoredSigning, request: SigningRequest) -> list[str]:
    """What is stored where a profile is not: the bundle id or the branch may be another one."""
    kinds = dict.fromkeys(spec.kind for spec in request.specs if spec not in stored_signing.profiles)
    lines = []
    for kind in kinds:
        names = stored_signing.names.get(kind, ())
        if names:
            lines.append(f"Stored for {kind} are profiles for {words.some(names)}.")
    return lines


def _used(
    valid: list[StoredIdentity], profiles: Iterable[tuple[ProfileSpec, StoredProfile]]
) -> list[StoredIdentity]:
    """The identities that the profiles were made with; the one that lasts longest where none was."""
    inside = {der for _, stored in profiles for der in stored.profile.certificates}
    return [each for each in valid if each.certificate.der in inside] or valid[:1]


def _identity_defects(stored_signing: StoredSigning, request: SigningRequest, now: datetime) -> list[str]:
    found = []
    for kind in request.certificates:
        if stored_signing.valid(kind, now, timedelta()):
            continue
        there = stored_signing.identities.get(kind, ())
        absent = "is stored, but cannot be used" if stored_signing.damaged(kind) else "is not stored"
        why = ends(there[0].certificate.not_after, now, timedelta()) if there else absent
        found.append(f"The {kind.value} certificate {why or 'is not valid yet'}.")
    return found


def _profile_defects(stored_signing: StoredSigning, request: SigningRequest, now: datetime) -> list[str]:
    found = []
    for spec in request.specs:
        certificates = [
            each.certificate for each in stored_signing.valid(spec.kind.certificate_type, now, timedelta())
        ]
        if not certificates:
            continue  # that is told once, of the certificate
        if defect := profile_defect(spec, stored_signing.profiles.get(spec), certificates, now, timedelta()):
            found.append(f"{str(spec).capitalize()}: {defect}.")
    return found
