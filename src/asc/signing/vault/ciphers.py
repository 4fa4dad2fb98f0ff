"""The two ciphers of match's encryption, on raw bytes.

V2: PBKDF2-HMAC-SHA256 makes key, nonce and additional data of AES-256-GCM, so a wrong passphrase and a changed byte
are always noticed. V1 is what `openssl enc -aes-256-cbc` did: its key comes from one round of MD5 or, with files of
OpenSSL 1.1 and later, of SHA-256, and nothing but the padding tells a wrong key.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

SALT, TAG, BLOCK = 8, 16, 16
"""Bytes."""
ROUNDS = 10_000
Digest = Literal["md5", "sha256"]


def seal_v2(plain: bytes, secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Returns (tag, ciphertext)."""
    key, nonce, additional = _derive_v2(secret, salt)
    sealed = AESGCM(key).encrypt(nonce, plain, additional)
    return sealed[-TAG:], sealed[:-TAG]


def open_v2(sealed: bytes, secret: bytes, salt: bytes, tag: bytes) -> bytes | None:
    """Returns the plaintext, or None where the passphrase is wrong or a byte was changed."""
    key, nonce, additional = _derive_v2(secret, salt)
    try:
        return AESGCM(key).decrypt(nonce, sealed + tag, additional)
    except InvalidTag:
        return None


def seal_v1(plain: bytes, secret: bytes, salt: bytes, digest: Digest) -> bytes:
    """Returns the ciphertext, a multiple of 16 bytes."""
    padder = padding.PKCS7(BLOCK * 8).padder()
    encryptor = _cbc(secret, salt, digest).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def open_v1(sealed: bytes, secret: bytes, salt: bytes, digest: Digest) -> bytes | None:
    """Returns the plaintext, or None where its padding is wrong: of 256 wrong keys one passes all the same."""
    decryptor = _cbc(secret, salt, digest).decryptor()
    unpadder = padding.PKCS7(BLOCK * 8).unpadder()
    try:
        padded = decryptor.update(sealed) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None


def _derive_v2(secret: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    # cryptography's is twice as fast as hashlib's, and lets other threads run meanwhile.
    made = PBKDF2HMAC(hashes.SHA256(), 32 + 12 + 24, salt, ROUNDS).derive(secret)
    return made[:32], made[32:44], made[44:]


def _cbc(secret: bytes, salt: bytes, digest: Digest) -> Cipher[modes.CBC]:
    """AES-256-CBC with key and IV from EVP_BytesToKey, count 1: D1 = H(secret salt), Dn = H(Dn-1 secret salt)."""
    made = part = b""
    while len(made) < 32 + BLOCK:
        part = hashlib.new(digest, part + secret + salt, usedforsecurity=False).digest()
        made += part
    return Cipher(algorithms.AES(made[:32]), modes.CBC(made[32 : 32 + BLOCK]))
