"""Store private keys before Apple is asked for their certificates, so that none is lost if the step is cut off.

They lie in `pending/<certificate type>/<time>-<fingerprint>.p12`, encrypted like all others; match does not read that
folder. A later run that finds such a key and Apple's certificate for it stores both as an identity.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc.identity.errors import IdentityError
from asc.identity.keys import key_pem, public_key_der
from asc.identity.reading import read_private_key
from asc.provisioning.kinds import CertificateType
from asc.signing.vault.encryption import Version, encrypt
from asc.signing.vault.opening import Opener

FOLDER = "pending"
LONGEST_STEP = timedelta(days=1)
"""A run that stored a pending key longer ago than this has surely ended."""
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{16}\.p12")


def pending_file(
    kind: CertificateType, key: RSAPrivateKey, passphrase: str, now: datetime, version: Version = 2
) -> tuple[str, bytes]:
    """Return path and encrypted content of the file that keeps `key`. Raises BadPassphrase."""
    # The fingerprint keeps keys of the same second apart.
    fingerprint = hashlib.sha256(public_key_der(key)).hexdigest()[:16]
    name = f"{now.astimezone(UTC).strftime(_TIME)}-{fingerprint}.p12"
    return f"{FOLDER}/{kind.value}/{name}", encrypt(key_pem(key), passphrase, version)


def is_given_up(path: str, now: datetime) -> bool:
    """Return True if the run that stored this pending key has surely ended."""
    # This project wrote no other names, so a key under another name belongs to no running step.
    found = _NAME.fullmatch(path.rpartition("/")[2])
    try:
        return not found or datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) < now - LONGEST_STEP
    except ValueError:
        return True


def pending_paths(files: Mapping[str, bytes], kind: CertificateType) -> frozenset[str]:
    """Return the paths of the pending keys for this type of certificate."""
    start = f"{FOLDER}/{kind.value}/"
    return frozenset(path for path in files if path.startswith(start) and path.endswith(".p12"))


def pending_keys(
    files: Mapping[str, bytes], kind: CertificateType, passphrase: str
) -> dict[str, RSAPrivateKey]:
    """Return path → key of the pending keys for this type. Raises WrongPassphrase, BadPassphrase."""
    keys = {}
    for path, content in Opener(files, passphrase).open(sorted(pending_paths(files, kind))).items():
        try:
            if isinstance(content, bytes):
                keys[path] = read_private_key(content, None, f"“{path}”")
        except IdentityError:
            # A damaged pending key cannot complete any certificate, and stops none from being created.
            continue
    return keys
