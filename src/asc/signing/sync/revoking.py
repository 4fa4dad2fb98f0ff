"""Revoke certificates and delete profiles, at Apple and in the storage, after the user confirmed the plan."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from asc import words
from asc.api.client import REQUESTS_AT_ONCE
from asc.errors import Error
from asc.identity.keys import public_key_der
from asc.provisioning.certificates import AppleCertificate, list_certificates, not_revoked, revoke_certificate
from asc.provisioning.kinds import (
    CertificateType,
    Platform,
    ProfileType,
    apple_profile_type,
    apple_profile_types,
)
from asc.provisioning.profiles import AppleProfile, delete_profiles, not_deleted, profiles_of_types
from asc.signing.storage import Changes
from asc.signing.sync.context import SyncContext
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
    """The certificates to revoke and the profiles to delete.

    `others` are profiles of types that were not asked for: they contain one of the certificates and end with it.
    """

    certificates: tuple[AppleCertificate, ...]
    profiles: tuple[AppleProfile, ...]
    others: tuple[AppleProfile, ...] = ()

    def __str__(self) -> str:
        """Return the text that the input `confirm` must repeat: `2 certificates, 5 profiles`."""
        certificates, profiles = len(self.certificates), len(self.profiles) + len(self.others)
        return f"{words.counted(certificates, 'certificate')}, {words.counted(profiles, 'profile')}"

    def lines(self) -> list[str]:
        """Return the plan as lines for the log, one for each certificate and profile."""
        return [
            *(f"revoke the certificate {certificate}" for certificate in self.certificates),
            *(f"delete the profile {profile.name}" for profile in self.profiles),
            *(
                f"delete the profile {profile.name} ({profile.apple_type}), which contains one of these certificates"
                for profile in self.others
            ),
        ]


def plan_revocation(
    context: SyncContext,
    request: SigningRequest,
    kinds: Collection[ProfileType],
    certificate_ids: Collection[str],
) -> RevocationPlan:
    """Return the plan for all certificates and profiles of the requested types.

    With `certificate_ids` it has only these certificates, and the profiles that contain them. Raises Error if an id is
    not among the certificates of these types.
    """
    types = [apple_type for kind in request.certificates for apple_type in request.apple_types(kind)]
    certificates = list_certificates(context.client, types) if types else []
    named = _named(certificates, certificate_ids)
    ids, requested = {certificate.id for certificate in named}, _apple_types(kinds, request.platforms)
    # Types share certificates: a distribution certificate is in profiles for app-store and for ad-hoc.
    profiles = profiles_of_types(context.client, {*requested, *_made_with(request.certificates)})
    affected = [
        profile
        for profile in profiles
        if set(profile.certificate_ids) & ids or (profile.apple_type in requested and not certificate_ids)
    ]
    return RevocationPlan(
        tuple(named),
        tuple(profile for profile in affected if profile.apple_type in requested),
        tuple(profile for profile in affected if profile.apple_type not in requested),
    )


def _named(certificates: Sequence[AppleCertificate], ids: Collection[str]) -> list[AppleCertificate]:
    """Return the certificates with these ids, or all if there are no ids. Raises Error for an unknown id."""
    unknown = set(ids) - {certificate.id for certificate in certificates}
    if unknown:
        raise Error(
            f"certificate-ids: the team has no such certificate of these types: {', '.join(sorted(unknown))}.",
            f"Take the ids from this list: {'; '.join(map(str, certificates))}."
            if certificates
            else "Remove certificate-ids: the team has no certificate of these types.",
        )
    return [certificate for certificate in certificates if not ids or certificate.id in ids]


def revoke(context: SyncContext, plan: RevocationPlan) -> None:
    """Carry out the plan at Apple, then in the storage.

    If Apple refuses a part, or lists it all the same, the rest is removed from the storage. Raises WrongPassphrase or
    StorageError before the first request if the storage cannot be changed, and then the first refusal of Apple.
    """
    # Apple comes first: a stored file of a revoked certificate does no harm, but an unknown live certificate does.
    Opener(context.storage.read(), context.passphrase).prove()
    context.storage.prove_writable()
    client = context.client
    profiles, refused = _remove_each(
        (*plan.profiles, *plan.others), lambda profile: delete_profiles(client, [profile])
    )
    certificates: list[AppleCertificate] = []
    left = RevocationPlan((), tuple(not_deleted(client, profiles)))
    # As long as Apple keeps one of its profiles, the certificate stays as well.
    if not refused and not left.profiles:
        certificates, refused = _remove_each(
            plan.certificates, lambda certificate: revoke_certificate(client, certificate.id)
        )
        types = {certificate.apple_type for certificate in certificates}
        ids = {certificate.id for certificate in certificates}
        left = RevocationPlan(tuple(not_revoked(client, types, ids)), ())
    _remove_from_storage(context, _without(RevocationPlan(tuple(certificates), tuple(profiles)), left))
    if refused:
        raise refused
    if left.lines():
        raise Error(
            f"Apple accepted these changes, but lists what they remove: {'; '.join(left.lines())}.",
            "Run the step again. If the error stays, remove them at developer.apple.com/account.",
        )


def _without(plan: RevocationPlan, left: RevocationPlan) -> RevocationPlan:
    """Return the plan without the certificates and profiles of another one, by Apple's ids."""
    ids = {certificate.id for certificate in left.certificates} | {profile.id for profile in left.profiles}
    return RevocationPlan(
        tuple(certificate for certificate in plan.certificates if certificate.id not in ids),
        tuple(profile for profile in plan.profiles if profile.id not in ids),
    )


def _remove_each(items: Sequence[T], remove: Callable[[T], None]) -> tuple[list[T], Error | None]:
    """Call `remove` for all items in parallel. Return the removed ones, and the first error or None."""

    def attempt(item: T) -> Error | None:
        try:
            remove(item)
        except Error as error:
            return error
        return None

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        errors = list(pool.map(attempt, items))
    removed = [item for item, error in zip(items, errors, strict=True) if not error]
    return removed, next((error for error in errors if error), None)


def _remove_from_storage(context: SyncContext, revoked: RevocationPlan) -> None:
    """Remove the files of revoked certificates and deleted profiles from the storage."""
    ids = {certificate.id for certificate in revoked.certificates}
    uuids = {profile.uuid for profile in revoked.profiles}

    def change(files: Mapping[str, bytes]) -> Changes:
        vault = Vault(files, context.passphrase, p12_password=context.p12_password)
        paths = {
            entry.path
            for entry in vault.entries
            if isinstance(entry, CertificateEntry | KeyEntry) and entry.certificate_id in ids
        }
        if any(isinstance(entry, ProfileEntry) for entry in vault.entries) and uuids:
            paths |= {stored.path for stored in vault.profiles().entries if stored.profile.uuid in uuids}
        paths |= _pending_paths(files, context.passphrase, revoked.certificates)
        return Changes(delete=frozenset(paths))

    context.storage.update(change, revoked_message(str(revoked)))


def _pending_paths(
    files: Mapping[str, bytes], passphrase: str, certificates: Collection[AppleCertificate]
) -> set[str]:
    """Return the paths of pending keys that belong to these certificates."""
    public_keys = {listed.certificate.public_key for listed in certificates if listed.certificate}
    keys = [item for kind in CertificateType for item in pending_keys(files, kind, passphrase).items()]
    return {path for path, key in keys if public_key_der(key) in public_keys}


def _apple_types(kinds: Collection[ProfileType], platforms: Collection[Platform]) -> list[str]:
    return list(dict.fromkeys(apple_profile_type(kind, platform) for kind in kinds for platform in platforms))


def _made_with(certificates: Collection[CertificateType]) -> list[str]:
    """Return the `profileType`s whose profiles contain certificates of these types."""
    return [
        apple_type
        for apple_type, kind in apple_profile_types().items()
        if kind.certificate_type in certificates
    ]
