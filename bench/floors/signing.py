"""The floor of sync-signing: clone the repository and decrypt every file as match does, without checks.

python signing.py URL-OF-THE-REPOSITORY PASSPHRASE
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

PREFIX, SALT, TAG = len("match_encrypted_v2__"), 8, 16
"""Lengths in bytes."""


def decrypted(data, passphrase):
    raw = base64.b64decode(data)[PREFIX:]
    salt, tag, sealed = raw[:SALT], raw[SALT : SALT + TAG], raw[SALT + TAG :]
    made = PBKDF2HMAC(hashes.SHA256(), 68, salt, 10_000).derive(passphrase)
    return AESGCM(made[:32]).decrypt(made[32:44], sealed + tag, made[44:])


url, passphrase = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["git", "clone", "--quiet", "--depth=1", url, folder], check=True)
    files = [path for top in ("certs", "profiles") for path in Path(folder, top).rglob("*") if path.is_file()]
    print(sum(len(decrypted(path.read_bytes(), passphrase.encode())) for path in files))
