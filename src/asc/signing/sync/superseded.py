"""Remove identities from the storage that were renewed before they expired (docs/adr/0020).

match uses the last certificate of a type by file name, also if it is the old one. So an old identity that no stored
profile contains is removed from the storage; Apple keeps its certificate. One that a profile contains stays, with a
warning.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from asc import words
from asc.provisioning.kinds import CertificateType, ProfileType
from asc.signing.storage import Changes, StorageError
from asc.signing.sync.context import AppleState, SyncContext, usable_identities, valid_identities
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Superseded:
    """Identities that a newer one replaces: those to remove, and warnings about those that a profile contains."""

    removable: tuple[StoredIdentity, ...] = ()
    warnings: tuple[str, ...] = ()


def superseded_identities(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    apple: AppleState | None,
    kind: CertificateType,
) -> Superseded:
    """Return the valid identities of a type that a newer one replaces.

    `apple` is None right after a certificate was created. Opens all stored profiles of the type if an identity is
    replaced.
    """
    current = usable_identities(stored_signing, apple, request, kind, context.now)
    if not current:
        return Superseded()
    old = [
        identity
        for identity in valid_identities(stored_signing, kind, context.now)
        if _renewal_is_due(identity, context, request)
    ]
    if not old:
        return Superseded()
    kinds = [profile_type for profile_type in ProfileType if profile_type.certificate_type is kind]
    profiles = Vault(files, context.passphrase).profiles(kinds)
    # An unreadable profile may contain the old certificate.
    if profiles.faults:
        return Superseded()
    removable, warnings = [], []
    for identity in old:
        users = [
            stored for stored in profiles.entries if identity.certificate.der in stored.profile.certificates
        ]
        if users:
            warnings.append(_warning(identity, current[0], users))
        else:
            removable.append(identity)
    return Superseded(tuple(removable), tuple(warnings))


def remove_superseded(
    context: SyncContext,
    request: SigningRequest,
    stored_signing: StoredSigning,
    renewed: Collection[CertificateType],
) -> list[str]:
    """Remove the replaced identities of the types in `renewed`, and return the lines of the plan for them.

    `stored_signing` is the storage before the renewal. An error is logged and not raised: the next run tries again.
    """
    removed: list[StoredIdentity] = []
    warnings: list[str] = []
    kinds = [
        kind
        for kind in renewed
        if any(
            _renewal_is_due(identity, context, request)
            for identity in valid_identities(stored_signing, kind, context.now)
        )
    ]
    if not kinds:
        return []

    def change(files: Mapping[str, bytes]) -> Changes:
        newest = context.stored_signing(files, replace(request, specs=()))
        found = [superseded_identities(context, request, files, newest, None, kind) for kind in kinds]
        removed[:] = [identity for superseded in found for identity in superseded.removable]
        warnings[:] = [warning for superseded in found for warning in superseded.warnings]
        return Changes(delete=frozenset(path for identity in removed for path in identity.files()))

    try:
        context.storage.update(change, "[sync-signing] Removed renewed certificates")
    except StorageError as error:
        log.warning("Renewed certificates could not be removed from the storage: %s", error.message)
        return []
    # Logged only now, because the storage calls `change` again if another writer was quicker.
    for warning in warnings:
        log.warning("%s", warning)
    return [removal_line(identity) for identity in removed]


def removal_line(identity: StoredIdentity) -> str:
    """Return the line of the plan for an identity that is removed because it was renewed."""
    return (
        f"remove {identity.certificate_id} from the storage: it was renewed, and no stored profile names it"
    )


def _renewal_is_due(identity: StoredIdentity, context: SyncContext, request: SigningRequest) -> bool:
    return identity.certificate.expires_within(request.renew_before, context.now)


def _warning(old: StoredIdentity, new: StoredIdentity, users: list[StoredProfile]) -> str:
    names = words.some([stored.bundle_id for stored in users])
    return (
        f"The certificate {old.certificate_id} was replaced by {new.certificate_id}, but stays in the storage because "
        f"profiles for {names} contain it. Run mode: sync with these bundle ids. Until then match uses the last "
        f'certificate by file name; choose the new one in the Matchfile: certificate_id("{new.certificate_id}")'
    )
