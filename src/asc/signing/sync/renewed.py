"""Certificates that were renewed early: the old pair is valid still, and lies beside the new one.

match takes the last certificate of a type by file name, whatever it is. So an old pair that no stored profile names
goes from the store; Apple keeps its certificate. One that a profile names stays, with a warning. See docs/adr/0020.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace

from asc import words
from asc.provisioning.kinds import CertificateType, ProfileType
from asc.signing.storage import Changes, StorageError
from asc.signing.sync.context import AppleState, SyncContext, lasting, usable
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)


def renewed_pairs(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    portal: AppleState | None,
    kind: CertificateType,
) -> list[StoredIdentity]:
    """Return the valid identities that a later one stands for and that no stored profile names.

    `portal` is None right after a certificate was made. A warning names those that a profile names. All profiles of
    the type are opened, if there is such a pair.
    """
    lasts = usable(stored_signing, portal, request, kind, context.now)
    if not lasts:
        return []
    old = [each for each in lasting(stored_signing, kind, context.now) if _is_due(each, context, request)]
    if not old:
        return []
    kinds = [each for each in ProfileType if each.certificate_type is kind]
    found = Vault(files, context.passphrase).profiles(kinds)
    if found.faults:  # a profile that cannot be read may name the old pair
        return []
    gone = []
    for identity in old:
        users = [each for each in found.entries if identity.certificate.der in each.profile.certificates]
        if users:
            _warn(identity, lasts[0], users)
        else:
            gone.append(identity)
    return gone


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
    kinds = [
        kind
        for kind in made
        if any(_is_due(each, context, request) for each in lasting(stored_signing, kind, context.now))
    ]
    if not kinds:
        return []

    def change(files: Mapping[str, bytes]) -> Changes:
        now = context.stored_signing(files, replace(request, specs=()))
        gone[:] = [each for kind in kinds for each in renewed_pairs(context, request, files, now, None, kind)]
        return Changes(delete=frozenset(path for each in gone for path in each.files()))

    try:
        context.storage.update(change, "[sync-signing] Removed what was renewed")
    except StorageError as error:  # the next run does it
        log.warning("Renewed certificates could not be removed from the storage: %s", error.message)
        return []
    return [removed(each) for each in gone]


def removed(identity: StoredIdentity) -> str:
    """Return the line of the plan for a pair that goes."""
    return f"remove {identity.certificate_id} from the store: it was renewed, and no stored profile names it"


def _is_due(identity: StoredIdentity, context: SyncContext, request: SigningRequest) -> bool:
    return identity.certificate.expires_within(request.renew_before, context.now)


def _warn(old: StoredIdentity, new: StoredIdentity, users: list[StoredProfile]) -> None:
    names = words.some([each.bundle_id for each in users])
    log.warning(
        "The certificate %s was renewed by %s, and stays in the store: profiles for %s are made with it. Name these "
        "bundle ids in a run of mode: sync. Until then match takes the last by file name; name one in the Matchfile: "
        'certificate_id("%s")',
        old.certificate_id,
        new.certificate_id,
        names,
        new.certificate_id,
    )
