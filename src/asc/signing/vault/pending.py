"""Keys put aside before Apple is asked for their certificates, so that none is lost whatever happens in between.

They lie in `pending/<certificate type>/<fingerprint>.p12`, encrypted like all others, where match does not look. Who
finds one whose certificate Apple has made finishes what was begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.signing.identity.errors import IdentityError
from asc.signing.identity.keys import key_pem, public_key_der
from asc.signing.identity.reading import read_private_key
from asc.signing.vault.encryption import Version, encrypt
from asc.signing.vault.kinds import CertificateType
from asc.signing.vault.opening import Opener

FOLDER = "pending"


def pending_file(
    kind: CertificateType, key: RSAPrivateKey, passphrase: str, version: Version = 2
) -> dict[str, bytes]:
    """Path → contents of the file that keeps `key`. Raises BadPassphrase."""
    fingerprint = hashlib.sha256(public_key_der(key)).hexdigest()[:16]
    return {f"{FOLDER}/{kind.value}/{fingerprint}.p12": encrypt(key_pem(key), passphrase, version)}


def pending_paths(files: Mapping[str, bytes], kind: CertificateType) -> frozenset[str]:
    """The paths of the keys of this type that were put aside."""
    return frozenset(
        path for path in files if path.startswith(f"{FOLDER}/{kind.value}/") and path.endswith(".p12")
    )


def pending_keys(files: Mapping[str, bytes], kind: CertificateType, passphrase: str) -> list[RSAPrivateKey]:
    """The keys themselves; what cannot be read is passed over. Raises WrongPassphrase, BadPassphrase."""
    opened = Opener(files, passphrase).open(sorted(pending_paths(files, kind)))
    keys = []
    for path, content in opened.items():
        try:
            keys += [read_private_key(content, None, f"“{path}”")] if isinstance(content, bytes) else []
        except IdentityError:
            continue
    return keys
