"""Revoking: certificates and profiles go, at Apple and in the store. Listed first, done only when confirmed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from asc import words
from asc.errors import Error
from asc.identity.keys import public_key_der
from asc.provisioning.certificates import AppleCertificate, list_certificates, revoke_certificate
from asc.provisioning.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_profile_type,
    apple_profile_types,
)
from asc.provisioning.profiles import AppleProfile, delete_profiles, profiles_of_types
from asc.signing.storage import Changes
from asc.signing.sync.context import AT_ONCE, SyncContext
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.vault.layout import CertificateEntry, KeyEntry, ProfileEntry
from asc.signing.vault.opening import Opener
from asc.signing.vault.pending import pending_keys
from asc.signing.vault.texts import revoked_message
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class RevocationPlan:
    """What would go. `others` are profiles of types that were not named: a certificate of theirs goes."""

    certificates: tuple[AppleCertificate, ...]
    profiles: tuple[AppleProfile, ...]
    others: tuple[AppleProfile, ...] = ()

    def __str__(self) -> str:
        """What `confirm` has to say."""
        certificates, profiles = len(self.certificates), len(self.profiles) + len(self.others)
        return f"{words.counted(certificates, 'certificate')}, {words.counted(profiles, 'profile')}"

    def lines(self) -> list[str]:
        """Each of them, in words."""
        return [
            *(f"revoke the certificate {each}" for each in self.certificates),
            *(f"delete the profile {each.name}" for each in self.profiles),
            *(
                f"delete the profile {each.name}, too ({each.apple_type}): it was made with one of these certificates"
                for each in self.others
            ),
        ]


def plan_revocation(
    context: SyncContext,
    request: SigningRequest,
    kinds: Collection[ProfileType],
    certificate_ids: Collection[str],
) -> RevocationPlan:
    """The certificates and profiles of the wanted types; with ids only those, and the profiles made with them.

    Profiles of other types that are made with one of the certificates end with it: distribution certificates are those
    of app-store and ad-hoc alike.
    """
    types = [each for kind in request.certificates for each in request.apple_types(kind)]
    certificates = list_certificates(context.client, types) if types else []
    named = _named(certificates, certificate_ids)
    ids, wanted = {each.id for each in named}, _apple_types(kinds, request.platforms)
    profiles = profiles_of_types(context.client, {*wanted, *_made_with(request.certificates)})
    gone = [
        each
        for each in profiles
        if set(each.certificate_ids) & ids or (each.apple_type in wanted and not certificate_ids)
    ]
    return RevocationPlan(
        tuple(named),
        tuple(each for each in gone if each.apple_type in wanted),
        tuple(each for each in gone if each.apple_type not in wanted),
    )


def _named(certificates: Sequence[AppleCertificate], ids: Collection[str]) -> list[AppleCertificate]:
    """Those with the ids; all where none are given. Raises Error for an id that is none of them."""
    unknown = set(ids) - {each.id for each in certificates}
    if unknown:
        raise Error(
            f"certificate-ids: the team has no such certificate of these types: {', '.join(sorted(unknown))}.",
            f"It has: {'; '.join(map(str, certificates)) or 'none'}.",
        )
    return [each for each in certificates if not ids or each.id in ids]


def revoke(context: SyncContext, what: RevocationPlan) -> None:
    """Does it: first at Apple, for a stored file of something that is revoked does no harm.

    Nothing is revoked where the store could not be changed afterwards. Where Apple refuses a part, the store follows
    in the rest. Raises WrongPassphrase, StorageError.
    """
    Opener(context.storage.read(), context.passphrase).prove()
    context.storage.prove_writable()
    client = context.client
    doomed_profiles = (*what.profiles, *what.others)
    profiles, refused = _gone(doomed_profiles, lambda each: delete_profiles(client, [each]))
    certificates: list[AppleCertificate] = []
    if not refused:
        certificates, refused = _gone(what.certificates, lambda each: revoke_certificate(client, each.id))
    _forget(context, RevocationPlan(tuple(certificates), tuple(profiles)))
    if refused:
        raise refused


def _gone(what: Sequence[T], take: Callable[[T], None]) -> tuple[list[T], Error | None]:
    """What was taken away, and the first error of the others."""

    def attempt(each: T) -> Error | None:
        try:
            take(each)
        except Error as error:
            return error
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        errors = list(pool.map(attempt, what))
    gone = [each for each, error in zip(what, errors, strict=True) if not error]
    return gone, next((error for error in errors if error), None)


def _forget(context: SyncContext, what: RevocationPlan) -> None:
    """Takes what is gone at Apple out of the store."""
    ids, uuids = {each.id for each in what.certificates}, {each.uuid for each in what.profiles}

    def change(files: Mapping[str, bytes]) -> Changes:
        vault = Vault(files, context.passphrase, p12_password=context.p12_password)
        gone = {
            entry.path
            for entry in vault.entries
            if isinstance(entry, CertificateEntry | KeyEntry) and entry.certificate_id in ids
        }
        if any(isinstance(entry, ProfileEntry) for entry in vault.entries) and uuids:
            gone |= {stored.path for stored in vault.profiles().entries if stored.profile.uuid in uuids}
        gone |= _put_aside(files, context.passphrase, what.certificates)
        return Changes(delete=frozenset(gone))

    context.storage.update(change, revoked_message(str(what)))


def _put_aside(
    files: Mapping[str, bytes], passphrase: str, certificates: Collection[AppleCertificate]
) -> set[str]:
    """The keys put aside that belong to these certificates."""
    gone = {each.certificate.public_key for each in certificates if each.certificate}
    keys = [item for kind in CertificateType for item in pending_keys(files, kind, passphrase).items()]
    return {path for path, key in keys if public_key_der(key) in gone}


def _apple_types(kinds: Collection[ProfileType], platforms: Collection[Platform]) -> list[str]:
    return list(dict.fromkeys(apple_profile_type(kind, platform) for kind in kinds for platform in platforms))


def _made_with(certificates: Collection[CertificateType]) -> list[str]:
    """All of Apple's profile types that certificates of these types are used for."""
    found = apple_profile_types()
    return [apple for apple, kind in found.items() if kind.certificate_type in certificates]
