"""Read-only: what the store holds must do as it is. Nothing is asked of Apple."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asc import words
from asc.errors import Error
from asc.signing.sync.around import Around
from asc.signing.sync.judging import ends, profile_defect
from asc.signing.sync.stock import Stock
from asc.signing.sync.wants import Want, Wishes
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.kinds import CertificateType

MOST_NAMED = 10


@dataclass(frozen=True)
class Signing:
    """What a machine needs to sign: identities, the first of each type being the one to use, and profiles."""

    identities: tuple[StoredIdentity, ...]
    profiles: tuple[tuple[Want, StoredProfile], ...]


def ready(stock: Stock, wishes: Wishes, now: datetime, look: Callable[[], Around]) -> Signing:
    """Return everything that is wanted, from the store. `look` is called where something is not stored.

    Raises Error that names all that is missing or over, and where it may be instead.
    """
    missing = [*_identity_defects(stock, wishes, now), *_profile_defects(stock, wishes, now)]
    if missing:
        faults = [f"{fault.message} {fault.remedy}" for fault in stock.faults]
        made = "with mode: sync and a key that may change certificates and profiles"
        remedy = f"Run sync-signing once {made}."
        if any(stock.damaged(kind) for kind in wishes.certificates):
            remedy = (
                f"Restore what is damaged; or else run sync-signing once {made}, and if-revoked: replace."
            )
        around = look() if _absent(stock, wishes) else None
        beside = around.lines() if around else []
        # A certificate that lies next door may not be made a second time: Apple allows few.
        if around and around.places and any(_lacks(stock, kind) for kind in wishes.certificates):
            remedy = around.remedy
        raise Error("\n".join([*missing, *faults, *_there(stock, wishes), *beside]), remedy)
    profiles = tuple((want, stock.profiles[want]) for want in wishes.wants)
    identities = [
        each for kind in wishes.certificates for each in _used(stock.valid(kind, now, timedelta()), profiles)
    ]
    return Signing(tuple(identities), profiles)


def _absent(stock: Stock, wishes: Wishes) -> bool:
    return any(want not in stock.profiles for want in wishes.wants) or any(
        _lacks(stock, kind) for kind in wishes.certificates
    )


def _lacks(stock: Stock, kind: CertificateType) -> bool:
    return not stock.identities.get(kind) and not stock.damaged(kind)


def _there(stock: Stock, wishes: Wishes) -> list[str]:
    """What is stored where a profile is not: the bundle id or the branch may be another one."""
    kinds = dict.fromkeys(want.kind for want in wishes.wants if want not in stock.profiles)
    lines = []
    for kind in kinds:
        names = stock.names.get(kind, ())
        if names:
            lines.append(f"Stored for {kind} are profiles for {words.some(names, MOST_NAMED)}.")
    return lines


def _used(
    valid: list[StoredIdentity], profiles: Iterable[tuple[Want, StoredProfile]]
) -> list[StoredIdentity]:
    """The identities that the profiles were made with; the one that lasts longest where none was."""
    inside = {der for _, stored in profiles for der in stored.profile.certificates}
    return [each for each in valid if each.certificate.der in inside] or valid[:1]


def _identity_defects(stock: Stock, wishes: Wishes, now: datetime) -> list[str]:
    found = []
    for kind in wishes.certificates:
        if stock.valid(kind, now, timedelta()):
            continue
        there = stock.identities.get(kind, ())
        absent = "is stored, but cannot be used" if stock.damaged(kind) else "is not stored"
        why = ends(there[0].certificate.not_after, now, timedelta()) if there else absent
        found.append(f"The {kind.value} certificate {why or 'is not valid yet'}.")
    return found


def _profile_defects(stock: Stock, wishes: Wishes, now: datetime) -> list[str]:
    found = []
    for want in wishes.wants:
        certificates = [
            each.certificate for each in stock.valid(want.kind.certificate_type, now, timedelta())
        ]
        if not certificates:
            continue  # that is told once, of the certificate
        if defect := profile_defect(want, stock.profiles.get(want), certificates, now, timedelta()):
            found.append(f"{str(want).capitalize()}: {defect}.")
    return found
