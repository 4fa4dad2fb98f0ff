"""Create an identity (a certificate with its private key) so that no crash and no second job can lose the key.

1. Store the new key, encrypted, in the folder pending/, which match ignores. This also proves that the storage accepts
   writes.
2. Let Apple certify the key. If the answer is lost, find the certificate by its public key.
3. Store key and certificate in their place, and remove the pending key.

If a run ends in between, the next run finds the pending key and its certificate at Apple, and finishes. If two jobs
create an identity at the same time, the first to store it wins; the other one uses the stored identity and revokes its
own certificate. A job removes only its own pending key, and only after revoking, so that unused.py can finish the rest.
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
    CertificateRefused,
    LimitReached,
    by_public_key,
    check_revoked,
    create_certificate,
    revoke_certificate,
)
from asc.provisioning.kinds import CertificateType
from asc.signing.storage import Changes, StorageError
from asc.signing.sync.context import AppleState, SyncContext, usable_identities
from asc.signing.sync.profile_specs import SigningRequest
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.encryption import encrypt
from asc.signing.vault.entries import StoredIdentity, new_identity
from asc.signing.vault.pending import pending_file, pending_keys, pending_paths
from asc.signing.vault.tree import Vault
from asc.signing.vault.trimmed import fitting

log = logging.getLogger(__name__)

POLLS_AFTER_LIMIT = 5
"""Reads of the storage after Apple refused another certificate: another job may be about to store its own."""
POLLS_WHILE_OTHERS_STORE = 22
"""Reads while the storage has pending keys of other jobs: one of many may wait for its turn, up to five minutes."""
PAUSE, GROWTH, LONGEST_PAUSE = 2.0, 1.5, 8.0
"""Seconds after the first read, the factor from read to read, and the highest multiple of PAUSE."""


class KeyNotStored(Error):
    """A certificate was created, but not stored in its place. `path` is an encrypted copy of the key, or None.

    The exit code is that of the storage's error.
    """

    def __init__(self, message: str, remedy: str, path: Path | None, exit_code: int) -> None:
        super().__init__(message, remedy)
        self.path = path
        self.exit_code = exit_code


@dataclass(frozen=True)
class IdentityMaker:
    """Creates the identity of one type. `unusable_ids` are certificate ids of stored identities that cannot serve."""

    context: SyncContext
    request: SigningRequest
    apple: AppleState
    kind: CertificateType
    unusable_ids: frozenset[str]

    def make(self, files: Mapping[str, bytes]) -> StoredIdentity:
        """Return a stored identity: one that an earlier run began, a new one, or one that another job stored first.

        Raises CertificateRefused, StorageError, or KeyNotStored if the storage refuses the new identity.
        """
        passphrase = fitting(files, self.context.passphrase)
        if unfinished := self._unfinished(files):
            return self._store(*unfinished, passphrase)
        key = new_private_key()
        pending_path, content = pending_file(
            self.kind,
            key,
            passphrase,
            self.context.now,
            self.context.encryption,
        )
        if theirs := self._store_pending(pending_path, content):
            return theirs
        try:
            created = self._certify_or_wait(pending_path, key)
        except CertificateRefused:
            self._remove_pending(pending_path)
            raise
        if isinstance(created, StoredIdentity):
            self._remove_pending(pending_path)
            return created
        return self._store(pending_path, key, created, passphrase)

    def _unfinished(self, files: Mapping[str, bytes]) -> tuple[str, RSAPrivateKey, AppleCertificate] | None:
        for path, key in pending_keys(files, self.kind, self.context.passphrase).items():
            listed = by_public_key(self.apple.certificates, public_key_der(key))
            if listed and listed.certificate and listed.certificate.valid_at(self.context.now):
                log.info(
                    "Continuing with the certificate %s, which an earlier run created and did not store",
                    listed,
                )
                return path, key, listed
        return None

    def _store_pending(self, path: str, content: bytes) -> StoredIdentity | None:
        """Store the pending key, and return None; or return the identity that another job stored meanwhile."""

        def change(files: Mapping[str, bytes]) -> Changes:
            if self._newly_stored(files):
                return Changes()
            # Raises WrongPassphrase, so that files of two passphrases never mix.
            Vault(files, self.context.passphrase).put([])
            return Changes({path: content})

        after = self.context.storage.update(
            change, f"[sync-signing] Stored the key of {self.kind.with_article} certificate"
        )
        return self._newly_stored(after)

    def _certify(self, key: RSAPrivateKey) -> AppleCertificate:
        apple_type = self.request.apple_types(self.kind)[0]
        listed = create_certificate(self.context.client, apple_type, csr(key), public_key_der(key))
        log.info("Created the certificate %s", listed)
        return listed

    def _store(
        self, pending_path: str, key: RSAPrivateKey, listed: AppleCertificate, passphrase: str
    ) -> StoredIdentity:
        """Store the identity, and return it. If another job stored one first, revoke ours and return the other one."""
        assert listed.certificate
        ours = new_identity(self.kind, listed.id, listed.certificate, key)

        def change(files: Mapping[str, bytes]) -> Changes:
            if self._newly_stored(files):
                return Changes()
            vault = Vault(files, self.context.passphrase)
            return Changes(
                vault.put([ours], self.context.encryption), self._expired_files(files) | {pending_path}
            )

        try:
            after = self.context.storage.update(change, f"[fastlane] Updated {self.kind.value}")
        except StorageError as error:
            raise self._key_not_stored(ours, passphrase, error) from None
        stored = self._newly_stored(after) or ours
        if stored.certificate_id != ours.certificate_id:
            self._revoke_ours(pending_path, ours, stored)
        return stored

    def _revoke_ours(self, pending_path: str, ours: StoredIdentity, stored: StoredIdentity) -> None:
        log.info("Another job stored the certificate %s first; revoking ours", stored.certificate_id)
        try:
            revoke_certificate(self.context.client, ours.certificate_id)
            check_revoked(self.context.client, self.request.apple_types(self.kind), ours.certificate_id)
        except Error as error:
            log.warning(
                "%s could not be revoked: %s The next run does it.", ours.certificate_id, error.message
            )
            return
        self._remove_pending(pending_path)

    def _newly_stored(self, files: Mapping[str, bytes]) -> StoredIdentity | None:
        """Return a usable identity that was stored since this run began, or None."""
        usable = usable_identities(
            self._stored_signing(files), None, self.request, self.kind, self.context.now
        )
        return next(
            (identity for identity in usable if identity.certificate_id not in self.unusable_ids), None
        )

    def _stored_signing(self, files: Mapping[str, bytes]) -> StoredSigning:
        # Without profiles: decrypting all of them takes long, and only identities matter here.
        return self.context.stored_signing(files, replace(self.request, specs=()))

    def _expired_files(self, files: Mapping[str, bytes]) -> frozenset[str]:
        """Return the paths of expired identities of this type."""
        expired = self._stored_signing(files).expired(self.kind, self.context.now)
        for identity in expired:
            log.info("Removing the expired certificate %s from the storage", identity.certificate_id)
        return frozenset(path for identity in expired for path in identity.files())

    def _certify_or_wait(self, pending_path: str, key: RSAPrivateKey) -> AppleCertificate | StoredIdentity:
        """Return a new certificate; if the team may have no more, the identity that another job stores meanwhile."""
        try:
            return self._certify(key)
        except LimitReached:
            # If no job stores one, the user has to see the current refusal, or another job has revoked its own by now.
            return self._stored_by_others(pending_path) or self._certify(key)

    def _stored_by_others(self, pending_path: str) -> StoredIdentity | None:
        """Wait while other jobs may store an identity, and return it; None if none did."""
        clock = self.context.client.clock
        for attempt in range(POLLS_WHILE_OTHERS_STORE):
            files = self.context.storage.read()
            if theirs := self._newly_stored(files):
                return theirs
            if attempt + 1 >= POLLS_AFTER_LIMIT and pending_paths(files, self.kind) <= {pending_path}:
                return None
            clock.sleep(PAUSE * min(GROWTH**attempt, LONGEST_PAUSE) * (0.5 + clock.chance()))
        return None

    def _remove_pending(self, pending_path: str) -> None:
        """Remove a pending key without a certificate."""
        # A pending key that stays does no harm.
        with contextlib.suppress(StorageError):
            self.context.storage.update(
                lambda files: Changes(delete=frozenset({pending_path})),
                "[sync-signing] Removed a key without a certificate",
            )

    def _key_not_stored(self, identity: StoredIdentity, passphrase: str, error: StorageError) -> KeyNotStored:
        """Write an encrypted copy of the key to the rescue folder, and return the error that names it."""
        # The storage holds the pending key already. It has just failed, though, so a second copy is worth having.
        copy = self._rescue_copy(identity, passphrase)
        copied = f", and in {copy}" if copy else ""
        return KeyNotStored(
            f"The certificate {identity.certificate_id} was created, but could not be stored: {error.message}",
            f"{error.remedy} The next run finishes with the key, which lies encrypted in the storage "
            f"(pending/){copied}, and creates no second certificate.",
            copy,
            error.exit_code,
        )

    def _rescue_copy(self, identity: StoredIdentity, passphrase: str) -> Path | None:
        """Write the encrypted key to the rescue folder and return its path, or None if it cannot be written."""
        path = self.context.rescue_folder / f"{identity.certificate_id}.p12"
        try:
            private_folder(self.context.rescue_folder)
            # `passphrase` has the form that the storage is encrypted with, which may be the trimmed one.
            write_private(path, encrypt(key_pem(identity.key), passphrase))
        except OSError as error:
            log.warning("A copy of the key could not be written to %s (%s).", path, error.strerror)
            return None
        return path
