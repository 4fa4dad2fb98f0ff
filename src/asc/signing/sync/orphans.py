"""What is in the store without use: expired certificates beside their successors, and what runs that were ended left.

Of the latter these are the keys put aside that nobody needs any more.

A key put aside whose certificate Apple has made is

* finished by the run that needs a certificate (see identities), or
* surplus, where a stored certificate lasts as long: its run lost against another one, and was ended before it revoked
  its own. The certificate is revoked, and the key goes then;
* kept, where it lasts longer than the stored one: a renewal that is finished when it is due.

A key that Apple has certified nowhere is of no use to anybody. It goes when it has lain there for a day; before that
its run may just be asking for the certificate.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from asc.errors import Error
from asc.identity.keys import public_key_der
from asc.provisioning.certificates import AppleCertificate, by_public_key, revoke_certificate
from asc.provisioning.kinds import CertificateType
from asc.signing.storage import Changes
from asc.signing.sync.context import AppleState, SyncContext, usable
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.renewed import removed, renewed_pairs
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity
from asc.signing.vault.pending import is_given_up, pending_keys
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)

TOGETHER = timedelta(days=1)
"""Certificates that end within this were made by runs at the same time."""


@dataclass(frozen=True)
class Orphans:
    """Paths of keys put aside: those with a certificate that nobody needs, and those without any.

    `over` are expired identities of types that have one that will do, `renewed` those that a later one stands for
    and no stored profile names. `misnamed`: Apple's id → the identity that is stored under another name.
    """

    surplus: Mapping[str, AppleCertificate] = field(default_factory=dict)
    useless: frozenset[str] = frozenset()
    over: tuple[StoredIdentity, ...] = ()
    renewed: tuple[StoredIdentity, ...] = ()
    misnamed: Mapping[str, StoredIdentity] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What is to be done about them, in words."""
        return [
            *(
                f"revoke the certificate {each}: a run that was ended made it, and another one is stored"
                for each in self.surplus.values()
            ),
            *(f"remove {path}: a key that was put aside and is not needed" for path in sorted(self.useless)),
            *(f"remove {each.certificate_id} from the store: this certificate is over" for each in self.over),
            *(removed(each) for each in self.renewed),
            *(
                f"rename the certificate {each.certificate_id} in the store to {identifier}, as Apple calls it"
                for identifier, each in self.misnamed.items()
            ),
        ]

    def paths(self) -> frozenset[str]:
        """The files that go."""
        gone = (*self.over, *self.renewed, *self.misnamed.values())
        return self.useless | self.surplus.keys() | {path for each in gone for path in each.files()}

    def named_right(self) -> list[StoredIdentity]:
        """The misnamed identities under Apple's ids."""
        return [replace(each, certificate_id=identifier) for identifier, each in self.misnamed.items()]


def find_orphans(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    portal: AppleState,
) -> Orphans:
    """What is left of the wanted types. Nothing is asked of Apple for it."""
    surplus: dict[str, AppleCertificate] = {}
    useless: set[str] = set()
    over: list[StoredIdentity] = []
    renewed: list[StoredIdentity] = []
    misnamed: dict[str, StoredIdentity] = {}
    for kind in request.certificates:
        if usable(stored_signing, portal, request, kind, context.now):
            over += stored_signing.over(kind, context.now)
        pairs = renewed_pairs(context, request, files, stored_signing, portal, kind)
        renewed += pairs.gone
        for warning in pairs.kept:
            log.warning("%s", warning)
        misnamed |= _misnamed(stored_signing, portal, kind)
        for path, listed in _without_use(context, request, files, stored_signing, portal, kind):
            if listed:
                surplus[path] = listed
            else:
                useless.add(path)
    return Orphans(surplus, frozenset(useless), tuple(over), tuple(renewed), misnamed)


def clear(context: SyncContext, what: Orphans) -> list[str]:
    """Revokes and removes it, and says what was done. Trouble is told, and no failure: the next run tries again."""
    if not what.lines():
        return []
    try:
        context.storage.prove_writable()
        for each in what.surplus.values():
            revoke_certificate(context.client, each.id)
        context.storage.update(lambda files: _cleared(context, what, files), "[sync-signing] Cleared")
    except Error as error:
        log.warning("What earlier runs left could not be cleared: %s %s", error.message, error.remedy)
        return []
    return what.lines()


def _cleared(context: SyncContext, what: Orphans, files: Mapping[str, bytes]) -> Changes:
    there = {path for path in what.paths() if path in files}
    named = [each for each in what.named_right() if not each.files().keys() <= files.keys()]
    vault = Vault(files, context.passphrase)
    return Changes(vault.put(named, context.encryption) if named else {}, frozenset(there))


def _misnamed(
    stored_signing: StoredSigning, portal: AppleState, kind: CertificateType
) -> dict[str, StoredIdentity]:
    """Identities that an import without an API key named like the user's file: match looks for Apple's ids alone."""
    listed = {each.certificate.der: each.id for each in portal.certificates if each.certificate}
    return {
        identifier: each
        for each in stored_signing.identities.get(kind, ())
        if (identifier := listed.get(each.certificate.der)) and identifier != each.certificate_id
    }


def _without_use(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    portal: AppleState,
    kind: CertificateType,
) -> Iterator[tuple[str, AppleCertificate | None]]:
    """Paths with the certificate to revoke, or None."""
    now = context.now
    stored = {each.certificate.public_key for each in stored_signing.identities.get(kind, ())}
    lasts_until = [each.certificate.not_after for each in usable(stored_signing, portal, request, kind, now)]
    for path, key in pending_keys(files, kind, context.passphrase).items():
        listed = by_public_key(portal.certificates, public_key_der(key))
        if public_key_der(key) in stored:
            yield path, None
        elif listed and listed.certificate and listed.certificate.valid_at(now):
            if any(end > listed.certificate.not_after - TOGETHER for end in lasts_until):
                yield path, listed
        elif is_given_up(path, now):
            yield path, None
