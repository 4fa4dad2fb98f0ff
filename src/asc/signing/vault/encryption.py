"""Encrypt and decrypt one file of the storage in fastlane match's format.

The file is base64 in lines of 60 characters; the last line ends with a line break too. Decoded it is

    V2   match_encrypted_v2__ (20 bytes), salt (8), tag (16), ciphertext
    V1   Salted__ (8 bytes), salt (8), ciphertext (a multiple of 16)

Current versions of match write V2, older ones wrote V1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from asc.formats.cms import looks_signed
from asc.identity.p12 import looks_like_p12
from asc.signing.vault.errors import PASSPHRASE, BadPassphrase, Damaged, NotEncrypted, WrongPassphrase

Version = Literal[1, 2]
Digest = Literal["md5", "sha256"]

SALT, TAG, BLOCK = 8, 16, 16
"""Bytes."""
ROUNDS = 10_000
"""Iterations of PBKDF2, as match has them."""
V1_PREFIX = b"Salted__"
V2_PREFIX = b"match_encrypted_v2__"
LINE = 60
"""Characters of base64 in a line."""
_DIGESTS: tuple[Digest, ...] = ("md5", "sha256")
_BLANKS = re.compile(rb"\s+")
RESTORE = "Restore the file from the storage's history, or remove it and run mode: sync to create a new one."


def encrypt(plain: bytes, passphrase: str, version: Version = 2) -> bytes:
    """Encrypt `plain` with a random salt and return the text of the file to store. Raises BadPassphrase."""
    secret = secret_of(passphrase)
    salt = secrets.token_bytes(SALT)
    if version == 2:
        tag, sealed = seal_v2(plain, secret, salt)
        return _lines(V2_PREFIX + salt + tag + sealed)
    # Every version of match tries MD5 first.
    return _lines(V1_PREFIX + salt + seal_v1(plain, secret, salt, "md5"))


def decrypt(
    data: bytes, passphrase: str, looks_right: Callable[[bytes], bool], name: str = "The file"
) -> bytes:
    """Decrypt the file text `data` and return the plaintext; errors call the file `name`.

    `looks_right` returns True if a plaintext has the expected form. Raises NotEncrypted if `data` itself has that form,
    Damaged if it is neither that nor a whole encrypted file, WrongPassphrase if the passphrase does not open it, and
    BadPassphrase.
    """
    raw = _decoded(data)
    # V2 is authenticated, so its plaintext needs no check. V1 is not: a wrong digest may seem to succeed.
    if raw is not None and raw.startswith(V2_PREFIX):
        plain = _decrypt_v2(raw[len(V2_PREFIX) :], secret_of(passphrase), name)
    elif raw is not None and raw.startswith(V1_PREFIX):
        plain = _decrypt_v1(raw[len(V1_PREFIX) :], secret_of(passphrase), looks_right, name)
    else:
        raise _not_encrypted(data, raw, looks_right, name)
    if plain is None:
        raise WrongPassphrase(
            f"{name} does not open with the {PASSPHRASE}: the {PASSPHRASE} is wrong, or the file was changed.",
            f"Check the input {PASSPHRASE}: match calls it MATCH_PASSWORD.",
        )
    return plain


def version_of(data: bytes) -> Version | None:
    """Return the version that a file text is encrypted with, or None if it is not encrypted."""
    # 40 characters of base64 are 30 bytes: enough for the longer prefix. Decoding all of a large file would be slow.
    head = _decoded(_BLANKS.sub(b"", data[:256].lstrip(b"\xef\xbb\xbf"))[:40])
    if head is None:
        return None
    return 2 if head.startswith(V2_PREFIX) else 1 if head.startswith(V1_PREFIX) else None


def secret_of(passphrase: str, input: str = PASSPHRASE) -> bytes:
    """Return the bytes that keys are derived from: the passphrase in UTF-8.

    Raises BadPassphrase, naming `input`, if the passphrase is blank or cannot be encoded.
    """
    # match refuses a blank passphrase too. It neither trims nor normalises any other, so this does not either.
    if not passphrase.strip():
        raise BadPassphrase(
            f"{input}: is empty (a secret that is not set?)",
            f"Set {input} to the passphrase of the storage: match calls it MATCH_PASSWORD.",
        )
    try:
        # Bytes of the environment that are not UTF-8 reach Python as surrogates; this restores the bytes.
        return passphrase.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadPassphrase(
            f"{input}: has characters that cannot be encoded", f"Set {input} to text in UTF-8."
        ) from None


def _decrypt_v2(body: bytes, secret: bytes, name: str) -> bytes | None:
    if len(body) < SALT + TAG:
        raise Damaged(f"{name} is cut off within its first line.", RESTORE)
    salt, tag, sealed = body[:SALT], body[SALT : SALT + TAG], body[SALT + TAG :]
    return open_v2(sealed, secret, salt, tag)


def _decrypt_v1(body: bytes, secret: bytes, looks_right: Callable[[bytes], bool], name: str) -> bytes | None:
    salt, sealed = body[:SALT], body[SALT:]
    if not sealed or len(sealed) % BLOCK:
        raise Damaged(f"{name} is cut off: its last block is incomplete.", RESTORE)
    # The file does not say which digest its key was derived with, so both are tried.
    opened = (open_v1(sealed, secret, salt, digest) for digest in _DIGESTS)
    return next((plain for plain in opened if plain is not None and looks_right(plain)), None)


def _not_encrypted(
    data: bytes, raw: bytes | None, looks_right: Callable[[bytes], bool], name: str
) -> NotEncrypted | Damaged:
    if looks_right(data) or (raw and looks_right(raw)):
        return NotEncrypted(
            f"{name} is stored without encryption.",
            "Run the mode change-passphrase, which encrypts it.",
        )
    if not data.strip():
        return Damaged(f"{name} is empty.", RESTORE)
    if data.startswith(b"version https://git-lfs"):
        return Damaged(
            f"{name} is a Git LFS pointer, not the file itself.",
            "Remove the file from LFS in that repository.",
        )
    if b"<<<<<<< " in data:
        return Damaged(f"{name} has the conflict markers of an unfinished merge.", RESTORE)
    # The two prefixes in base64: the file was encrypted once, and only its end is damaged.
    if raw is None and _BLANKS.sub(b"", data).startswith((b"U2FsdGVkX1", b"bWF0Y2hfZW5jcnlwdGVkX3Yy")):
        return Damaged(
            f"{name} is cut off or changed: it has the header of an encrypted file but is not valid base64.",
            RESTORE,
        )
    return Damaged(f"{name} is neither encrypted by match nor a certificate, key or profile.", RESTORE)


def _decoded(data: bytes) -> bytes | None:
    """Decode base64 with any line breaks, or return None if `data` is not base64."""
    # git may have changed line breaks to CRLF, and an editor may have put a byte order mark in front.
    try:
        return base64.b64decode(_BLANKS.sub(b"", data.removeprefix(b"\xef\xbb\xbf")), validate=True)
    except (binascii.Error, ValueError):
        return None


def _lines(raw: bytes) -> bytes:
    text = base64.b64encode(raw)
    return b"".join(text[start : start + LINE] + b"\n" for start in range(0, len(text), LINE))


def seal_v2(plain: bytes, secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Encrypt with AES-256-GCM and return the tag and the ciphertext."""
    key, nonce, additional = _derive_v2(secret, salt)
    sealed = AESGCM(key).encrypt(nonce, plain, additional)
    return sealed[-TAG:], sealed[:-TAG]


def open_v2(sealed: bytes, secret: bytes, salt: bytes, tag: bytes) -> bytes | None:
    """Return the plaintext, or None if the passphrase is wrong or a byte was changed."""
    key, nonce, additional = _derive_v2(secret, salt)
    try:
        return AESGCM(key).decrypt(nonce, sealed + tag, additional)
    except InvalidTag:
        return None


def seal_v1(plain: bytes, secret: bytes, salt: bytes, digest: Digest) -> bytes:
    """Encrypt with AES-256-CBC and return the ciphertext, a multiple of 16 bytes."""
    padder = padding.PKCS7(BLOCK * 8).padder()
    encryptor = _cbc(secret, salt, digest).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def open_v1(sealed: bytes, secret: bytes, salt: bytes, digest: Digest) -> bytes | None:
    """Return the plaintext, or None if its padding is wrong."""
    # One of 256 wrong keys yields a valid padding by chance, so the caller checks the plaintext as well.
    decryptor = _cbc(secret, salt, digest).decryptor()
    unpadder = padding.PKCS7(BLOCK * 8).unpadder()
    try:
        padded = decryptor.update(sealed) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None


def _derive_v2(secret: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    # cryptography's PBKDF2 is twice as fast as hashlib's, and releases the GIL.
    derived = PBKDF2HMAC(hashes.SHA256(), 32 + 12 + 24, salt, ROUNDS).derive(secret)
    return derived[:32], derived[32:44], derived[44:]


def _cbc(secret: bytes, salt: bytes, digest: Digest) -> Cipher[modes.CBC]:
    """Return AES-256-CBC with key and IV from EVP_BytesToKey (count 1)."""
    # EVP_BytesToKey: D1 = H(secret salt), Dn = H(Dn-1 secret salt); key and IV are the first bytes of all D.
    derived = part = b""
    while len(derived) < 32 + BLOCK:
        part = hashlib.new(digest, part + secret + salt, usedforsecurity=False).digest()
        derived += part
    return Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32 : 32 + BLOCK]))


def is_certificate(data: bytes) -> bool:
    """Return True if `data` is a certificate in PEM, or DER of a sequence in a sequence with the right length."""
    # Tools write a description in front of the PEM, and match stores an imported file as it is.
    if b"-----BEGIN CERTIFICATE-----" in data[:4096]:
        return True
    return (
        data[:2] == b"\x30\x82" and data[4:5] == b"\x30" and int.from_bytes(data[2:4], "big") == len(data) - 4
    )


def is_private_key(data: bytes) -> bool:
    """Return True if `data` is a private key in PEM, or a PKCS#12 file."""
    head = data[:4096]
    return (b"-----BEGIN " in head and b"PRIVATE KEY-----" in head) or looks_like_p12(data)


def check_for(path: str) -> Callable[[bytes], bool]:
    """Return the function that recognises the plaintext of a file with this path's suffix."""
    if path.endswith(".cer"):
        return is_certificate
    # Every profile is a CMS signature.
    return is_private_key if path.endswith(".p12") else looks_signed
