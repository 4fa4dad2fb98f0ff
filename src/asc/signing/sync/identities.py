"""Making an identity that no accident loses: the key is put aside, encrypted, before Apple is asked to certify it.

1. the new key goes into the store, where match does not look; that proves that the store can be written, too
2. Apple certifies it; where the answer is lost, the certificate is found by its public key
3. key and certificate go to their place, and the key put aside is removed

A run that ends in between is finished by the next one: it finds the key put aside and its certificate at Apple. Of two
jobs that do this at once, the one that stores first wins; the other takes what it stored, and revokes its own. Each
removes only its own key, and the loser only after it revoked: if it is ended before, a later run does (see leftovers).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.errors import Error
from asc.identity.keys import csr, key_pem, new_private_key, public_key_der
from asc.private_files import private_folder, write_private
from asc.provisioning.certificates import (
    AppleCertificate,
    LimitReached,
    NotMade,
    by_public_key,
    create_certificate,
    revoke_certificate,
)
from asc.provisioning.kinds import CertificateType
from asc.signing.storage import Changes, StorageError
from asc.signing.sync.context import AppleState, SyncContext, usable
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.encryption import encrypt
from asc.signing.vault.entries import StoredIdentity, new_identity
from asc.signing.vault.pending import pending_file, pending_keys, pending_paths
from asc.signing.vault.tree import Vault
from asc.signing.vault.trimmed import fitting

log = logging.getLogger(__name__)

LOOKS_AFTER_LIMIT = 5
"""Where Apple allows no more certificates, another job may just be storing the one that it was given."""
LOOKS_AT_OTHERS = 22
"""The same while keys of other jobs are put aside: one of many may have to wait for its turn, five minutes in all."""
PAUSE, GROWTH, LONGEST_PAUSE = 2.0, 1.5, 8.0
"""Seconds after the first look, and up to how many times that after later ones."""


class KeyNotStored(Error):
    """A certificate was made, but its key not put into its place. `path` is a copy, encrypted, if there is one."""

    def __init__(self, message: str, remedy: str, path: Path | None) -> None:
        super().__init__(message, remedy)
        self.path = path


@dataclass(frozen=True)
class IdentityMaker:
    """Makes identities of one type. `before` are the ids of those in the store that will not do."""

    context: SyncContext
    request: SigningRequest
    portal: AppleState
    kind: CertificateType
    before: frozenset[str]

    def make(self, files: Mapping[str, bytes]) -> StoredIdentity:
        """A usable identity: one that an earlier run began, a new one, or what another job was quicker to store."""
        passphrase = fitting(files, self.context.passphrase)
        if begun := self._begun(files):
            return self._store(*begun, passphrase)
        key = new_private_key()
        aside, content = pending_file(
            self.kind,
            key,
            passphrase,
            self.context.now,
            self.context.encryption,
        )
        if theirs := self._put_aside(aside, content):
            return theirs
        try:
            made = self._certify_or_wait(aside, key)
        except NotMade:
            self._forget(aside)
            raise
        if isinstance(made, StoredIdentity):
            self._forget(aside)
            return made
        return self._store(aside, key, made, passphrase)

    def _begun(self, files: Mapping[str, bytes]) -> tuple[str, RSAPrivateKey, AppleCertificate] | None:
        for path, key in pending_keys(files, self.kind, self.context.passphrase).items():
            listed = by_public_key(self.portal.certificates, public_key_der(key))
            if listed and listed.certificate and listed.certificate.valid_at(self.context.now):
                log.info("An earlier run was ended before it stored the certificate %s: going on", listed)
                return path, key, listed
        return None

    def _put_aside(self, path: str, content: bytes) -> StoredIdentity | None:
        """Stores the key; or returns the identity that another job stored meanwhile."""

        def change(files: Mapping[str, bytes]) -> Changes:
            if self._newly_stored(files):
                return Changes()
            # Nothing is mixed with files of another passphrase.
            Vault(files, self.context.passphrase).put([])
            return Changes({path: content})

        after = self.context.storage.update(
            change, f"[sync-signing] Begun {self.kind.with_article} certificate"
        )
        return self._newly_stored(after)

    def _certify(self, key: RSAPrivateKey) -> AppleCertificate:
        apple_type = self.request.apple_types(self.kind)[0]
        listed = create_certificate(self.context.client, apple_type, csr(key), public_key_der(key))
        log.info("Apple made the certificate %s", listed)
        return listed

    def _store(
        self, aside: str, key: RSAPrivateKey, listed: AppleCertificate, passphrase: str
    ) -> StoredIdentity:
        """Puts the identity into its place, unless another job has put one there: then that, and ours is revoked."""
        assert listed.certificate
        ours = new_identity(self.kind, listed.id, listed.certificate, key)

        def change(files: Mapping[str, bytes]) -> Changes:
            if self._newly_stored(files):
                return Changes()
            vault = Vault(files, self.context.passphrase)
            return Changes(vault.put([ours], self.context.encryption), self._over(files) | {aside})

        try:
            after = self.context.storage.update(change, f"[fastlane] Updated {self.kind.value}")
        except StorageError as error:
            raise self._kept(ours, passphrase, error) from None
        stored = self._newly_stored(after) or ours
        if stored.certificate_id != ours.certificate_id:
            self._withdraw(aside, ours, stored)
        return stored

    def _withdraw(self, aside: str, ours: StoredIdentity, stored: StoredIdentity) -> None:
        log.info("Another job stored the certificate %s first; ours is revoked", stored.certificate_id)
        try:
            revoke_certificate(self.context.client, ours.certificate_id)
        except Error as error:
            log.warning("%s could not be revoked: %s The next run does.", ours.certificate_id, error.message)
            return
        self._forget(aside)

    def _newly_stored(self, files: Mapping[str, bytes]) -> StoredIdentity | None:
        """An identity in the store that was not there when this run began."""
        found = usable(self._stored_signing(files), None, self.request, self.kind, self.context.now)
        return next((each for each in found if each.certificate_id not in self.before), None)

    def _stored_signing(self, files: Mapping[str, bytes]) -> StoredSigning:
        return self.context.stored_signing(
            files, replace(self.request, specs=())
        )  # profiles take long to open

    def _over(self, files: Mapping[str, bytes]) -> frozenset[str]:
        """The files of expired identities of this type."""
        over = self._stored_signing(files).over(self.kind, self.context.now)
        for each in over:
            log.info("The certificate %s is over: it goes from the store", each.certificate_id)
        return frozenset(path for each in over for path in each.files())

    def _certify_or_wait(self, aside: str, key: RSAPrivateKey) -> AppleCertificate | StoredIdentity:
        """The certificate; where Apple allows no more, what another job stores meanwhile, if any does."""
        try:
            return self._certify(key)
        except LimitReached:
            # Where nobody stores one, what Apple says now is what the user is told.
            return self._stored_by_others(aside) or self._certify(key)

    def _stored_by_others(self, aside: str) -> StoredIdentity | None:
        """What another job stores, as long as there is one that may."""
        clock = self.context.client.clock
        for attempt in range(LOOKS_AT_OTHERS):
            files = self.context.storage.read()
            if theirs := self._newly_stored(files):
                return theirs
            if attempt + 1 >= LOOKS_AFTER_LIMIT and pending_paths(files, self.kind) <= {aside}:
                return None
            clock.sleep(PAUSE * min(GROWTH**attempt, LONGEST_PAUSE) * (0.5 + clock.chance()))
        return None

    def _forget(self, aside: str) -> None:
        """Removes a key that was put aside, and has no certificate (any more)."""
        with contextlib.suppress(StorageError):  # it does no harm there
            self.context.storage.update(
                lambda files: Changes(delete=frozenset({aside})), "[sync-signing] Not made"
            )

    def _kept(self, identity: StoredIdentity, passphrase: str, error: StorageError) -> KeyNotStored:
        """The key is in the store already, put aside; a second copy is handed over, for nobody knows the storage."""
        # Under the same form of the passphrase as the storage, which may be the trimmed one.
        handed_over: Path | None
        handed_over = place = self.context.handover / f"{identity.certificate_id}.p12"
        try:
            private_folder(self.context.handover)
            write_private(place, encrypt(key_pem(identity.key), passphrase))
        except OSError as problem:
            log.warning("A copy of the key could not be written to %s (%s).", place, problem.strerror)
            handed_over = None
        copy = f", and in {handed_over}" if handed_over else ""
        return KeyNotStored(
            f"The certificate {identity.certificate_id} was made, but could not be put into its place: {error.message}",
            f"Nothing is lost: its key lies encrypted in the storage (pending/){copy}. {error.remedy} "
            "Then run the step again: it finishes what was begun, and makes no second certificate.",
            handed_over,
        )
