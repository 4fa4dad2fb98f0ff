"""Certificates that were renewed early: the old pair is valid still, and lies beside the new one.

match takes the last certificate of a type by file name, whatever it is. So an old pair that no stored profile names
goes from the store; Apple keeps its certificate. One that a profile names stays, with a warning. See docs/adr/0020.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from asc import words
from asc.provisioning.kinds import CertificateType, ProfileType
from asc.signing.storage import Changes, StorageError
from asc.signing.sync.context import AppleState, SyncContext, lasting, usable
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RenewedPairs:
    """Identities that a later one stands for. `gone` may go; `kept` are warnings about those that profiles name."""

    gone: tuple[StoredIdentity, ...] = ()
    kept: tuple[str, ...] = ()


NO_PAIRS = RenewedPairs()


def renewed_pairs(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    portal: AppleState | None,
    kind: CertificateType,
) -> RenewedPairs:
    """Return the valid identities that a later one stands for: those that no stored profile names, and the rest.

    `portal` is None right after a certificate was made. All profiles of the type are opened, if there is such a pair.
    """
    lasts = usable(stored_signing, portal, request, kind, context.now)
    if not lasts:
        return NO_PAIRS
    old = [each for each in lasting(stored_signing, kind, context.now) if _is_due(each, context, request)]
    if not old:
        return NO_PAIRS
    kinds = [each for each in ProfileType if each.certificate_type is kind]
    found = Vault(files, context.passphrase).profiles(kinds)
    if found.faults:  # a profile that cannot be read may name the old pair
        return NO_PAIRS
    gone, kept = [], []
    for identity in old:
        users = [each for each in found.entries if identity.certificate.der in each.profile.certificates]
        if users:
            kept.append(_kept(identity, lasts[0], users))
        else:
            gone.append(identity)
    return RenewedPairs(tuple(gone), tuple(kept))


def let_go(
    context: SyncContext,
    request: SigningRequest,
    stored_signing: StoredSigning,
    made: Collection[CertificateType],
) -> list[str]:
    """Remove the old pairs of these types from the store, of those that `stock` had before the new ones were made.

    Return what was done; trouble is told, and no failure.
    """
    gone: list[StoredIdentity] = []
    kept: list[str] = []
    kinds = [
        kind
        for kind in made
        if any(_is_due(each, context, request) for each in lasting(stored_signing, kind, context.now))
    ]
    if not kinds:
        return []

    def change(files: Mapping[str, bytes]) -> Changes:
        now = context.stored_signing(files, replace(request, specs=()))
        found = [renewed_pairs(context, request, files, now, None, kind) for kind in kinds]
        gone[:] = [identity for pairs in found for identity in pairs.gone]
        kept[:] = [warning for pairs in found for warning in pairs.kept]
        return Changes(delete=frozenset(path for each in gone for path in each.files()))

    try:
        context.storage.update(change, "[sync-signing] Removed what was renewed")
    except StorageError as error:  # the next run does it
        log.warning("Renewed certificates could not be removed from the storage: %s", error.message)
        return []
    # Said here, for a storage calls `change` again if another writer was quicker.
    for warning in kept:
        log.warning("%s", warning)
    return [removed(each) for each in gone]


def removed(identity: StoredIdentity) -> str:
    """Return the line of the plan for a pair that goes."""
    return f"remove {identity.certificate_id} from the store: it was renewed, and no stored profile names it"


def _is_due(identity: StoredIdentity, context: SyncContext, request: SigningRequest) -> bool:
    return identity.certificate.expires_within(request.renew_before, context.now)


def _kept(old: StoredIdentity, new: StoredIdentity, users: list[StoredProfile]) -> str:
    names = words.some([each.bundle_id for each in users])
    return (
        f"The certificate {old.certificate_id} was renewed by {new.certificate_id}, and stays in the store: profiles "
        f"for {names} are made with it. Name these bundle ids in a run of mode: sync. Until then match takes the last "
        f'by file name; name one in the Matchfile: certificate_id("{new.certificate_id}")'
    )
