"""Find and remove files without use: expired or renewed identities, and pending keys that crashed runs left behind.

A pending key whose certificate Apple has created is

* finished by the next run that needs a certificate (see identities.py),
* surplus, if a stored certificate lasts as long: its run lost against another job and crashed before it revoked its own
  certificate. The certificate is revoked, then the key is removed;
* kept, if its certificate lasts longer than the stored one: a renewal that is finished when it is due.

A pending key without a certificate is removed after a day. Until then its run may still be asking Apple for one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from asc.errors import Error
from asc.identity.keys import public_key_der
from asc.provisioning.certificates import AppleCertificate, by_public_key, check_revoked, revoke_certificate
from asc.provisioning.kinds import CertificateType
from asc.signing.storage import Changes
from asc.signing.sync.context import AppleState, SyncContext, usable_identities
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.sync.superseded import removal_line, superseded_identities
from asc.signing.vault.entries import StoredIdentity
from asc.signing.vault.pending import is_given_up, pending_keys
from asc.signing.vault.tree import Vault

log = logging.getLogger(__name__)

TOGETHER = timedelta(days=1)
"""Certificates whose ends differ by less were created by runs at the same time."""


@dataclass(frozen=True)
class UnusedFiles:
    """Files of the storage to remove or rename.

    `surplus` maps the path of a pending key to its certificate, which is revoked; `keys` are paths of pending keys
    without a certificate. `expired` identities have a valid one beside them, `superseded` ones a newer one, and
    no stored profile contains them. `misnamed` maps Apple's id to an identity that is stored under another name.
    """

    surplus: Mapping[str, AppleCertificate] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    expired: tuple[StoredIdentity, ...] = ()
    superseded: tuple[StoredIdentity, ...] = ()
    misnamed: Mapping[str, StoredIdentity] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the plan as lines for the log, in the order of the writes."""
        return [
            *(_revocation_line(certificate) for certificate in self.surplus.values()),
            *(f"remove {path}: a pending key that is not needed" for path in sorted(self.keys)),
            *(
                f"remove {identity.certificate_id} from the storage: this certificate has expired"
                for identity in self.expired
            ),
            *(removal_line(identity) for identity in self.superseded),
            *(
                f"rename the certificate {identity.certificate_id} in the storage to {identifier}, Apple's id of it"
                for identifier, identity in self.misnamed.items()
            ),
        ]

    def paths(self) -> frozenset[str]:
        """Return the paths of all files to remove, also those of misnamed identities."""
        identities = (*self.expired, *self.superseded, *self.misnamed.values())
        removed = {path for identity in identities for path in identity.files()}
        return self.keys | self.surplus.keys() | removed

    def renamed(self) -> list[StoredIdentity]:
        """Return the misnamed identities with Apple's id as their name."""
        return [
            replace(identity, certificate_id=identifier) for identifier, identity in self.misnamed.items()
        ]


def find_unused(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    apple: AppleState,
) -> UnusedFiles:
    """Return the files without use of the requested types. Sends no request: `apple` has all that matters."""
    surplus: dict[str, AppleCertificate] = {}
    keys: set[str] = set()
    expired: list[StoredIdentity] = []
    superseded: list[StoredIdentity] = []
    misnamed: dict[str, StoredIdentity] = {}
    for kind in request.certificates:
        if usable_identities(stored_signing, apple, request, kind, context.now):
            expired += stored_signing.expired(kind, context.now)
        replaced = superseded_identities(context, request, files, stored_signing, apple, kind)
        superseded += replaced.removable
        for warning in replaced.warnings:
            log.warning("%s", warning)
        misnamed |= _misnamed(stored_signing, apple, kind)
        for path, listed in _unneeded_keys(context, request, files, stored_signing, apple, kind):
            if listed:
                surplus[path] = listed
            else:
                keys.add(path)
    return UnusedFiles(surplus, frozenset(keys), tuple(expired), tuple(superseded), misnamed)


def remove_unused(context: SyncContext, unused: UnusedFiles) -> list[str]:
    """Revoke and remove what has no use, and return the lines of the plan that were carried out.

    An error is logged and not raised, because signing works without the removal and the next run tries again.
    """
    if not unused.lines():
        return []
    revoked: list[str] = []
    try:
        context.storage.prove_writable()
        for certificate in unused.surplus.values():
            revoke_certificate(context.client, certificate.id)
            # The key goes only after its certificate: nobody could revoke that one by its key any more.
            check_revoked(context.client, [certificate.apple_type], certificate.id)
            revoked.append(_revocation_line(certificate))
        context.storage.update(
            lambda files: _removal(context, unused, files), "[sync-signing] Removed unused files"
        )
    except Error as error:
        log.warning("Unused files of earlier runs could not be removed: %s %s", error.message, error.remedy)
        # Apple has revoked these, whatever became of the files.
        return revoked
    return unused.lines()


def _revocation_line(certificate: AppleCertificate) -> str:
    return f"revoke the certificate {certificate}: a run that was ended made it, and another one is stored"


def _removal(context: SyncContext, unused: UnusedFiles, files: Mapping[str, bytes]) -> Changes:
    # Another job may have removed or renamed some of them since the plan.
    existing = {path for path in unused.paths() if path in files}
    renamed = [identity for identity in unused.renamed() if not identity.files().keys() <= files.keys()]
    vault = Vault(files, context.passphrase)
    return Changes(vault.put(renamed, context.encryption) if renamed else {}, frozenset(existing))


def _misnamed(
    stored_signing: StoredSigning, apple: AppleState, kind: CertificateType
) -> dict[str, StoredIdentity]:
    """Return the identities whose name is not Apple's id, by Apple's id."""
    # An import without an API key names an identity after the user's file, but match looks for Apple's ids.
    ids = {listed.certificate.der: listed.id for listed in apple.certificates if listed.certificate}
    return {
        identifier: identity
        for identity in stored_signing.identities.get(kind, ())
        if (identifier := ids.get(identity.certificate.der)) and identifier != identity.certificate_id
    }


def _unneeded_keys(
    context: SyncContext,
    request: SigningRequest,
    files: Mapping[str, bytes],
    stored_signing: StoredSigning,
    apple: AppleState,
    kind: CertificateType,
) -> Iterator[tuple[str, AppleCertificate | None]]:
    """Yield the path of each unneeded pending key, with the certificate to revoke or None."""
    now = context.now
    stored_keys = {identity.certificate.public_key for identity in stored_signing.identities.get(kind, ())}
    lasts_until = [
        identity.certificate.not_after
        for identity in usable_identities(stored_signing, apple, request, kind, now)
    ]
    for path, key in pending_keys(files, kind, context.passphrase).items():
        listed = by_public_key(apple.certificates, public_key_der(key))
        if public_key_der(key) in stored_keys:
            yield path, None
        elif listed and listed.certificate and listed.certificate.valid_at(now):
            if any(end > listed.certificate.not_after - TOGETHER for end in lasts_until):
                yield path, listed
        elif is_given_up(path, now):
            yield path, None
