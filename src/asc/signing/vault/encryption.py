"""One file of the store: from its text to the plaintext, and back.

The text is base64 in lines of 60 characters, the last of them ended too. Decoded it is

    V2   match_encrypted_v2__ (20 bytes), salt (8), tag (16), ciphertext
    V1   Salted__ (8 bytes), salt (8), ciphertext (a multiple of 16)

as fastlane match writes it (V2), and as its older versions did (V1).
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

from asc.identity.p12 import looks_like_p12
from asc.signing.vault.errors import PASSPHRASE, BadPassphrase, Damaged, NotEncrypted, WrongPassphrase

Version = Literal[1, 2]

V1_PREFIX = b"Salted__"
V2_PREFIX = b"match_encrypted_v2__"
LINE = 60
_DIGESTS: tuple[Digest, ...] = ("md5", "sha256")
_BLANKS = re.compile(rb"\s+")
_RESTORE = "Restore the file from the history of the store, or remove it and have it made anew."


def encrypt(
    plain: bytes,
    passphrase: str,
    version: Version = 2,
    *,
    salt: bytes | None = None,
    digest: Digest = "md5",
) -> bytes:
    """Returns the text of the file that holds `plain`.

    `salt` (8 bytes) is random unless given, and given only by tests; `digest` matters for V1 alone, where MD5 is what
    every version of match reads first. Raises BadPassphrase.
    """
    secret = secret_of(passphrase)
    salt = secrets.token_bytes(SALT) if salt is None else salt
    if version == 2:
        tag, sealed = seal_v2(plain, secret, salt)
        return _lines(V2_PREFIX + salt + tag + sealed)
    return _lines(V1_PREFIX + salt + seal_v1(plain, secret, salt, digest))


def decrypt(
    data: bytes, passphrase: str, looks_right: Callable[[bytes], bool], name: str = "The file"
) -> bytes:
    """Returns the plaintext of the file text `data`; `name` stands for the file in errors.

    `looks_right` says whether a plaintext can be what is expected; it decides between the digests of V1, both of which
    may seem to succeed. What V2 has authenticated is returned without asking. Raises NotEncrypted where the data
    looks right as it is; Damaged where it is neither that nor encrypted whole; WrongPassphrase where the passphrase
    does not open it; BadPassphrase.
    """
    raw = _decoded(data)
    if raw is not None and raw.startswith(V2_PREFIX):
        plain = _decrypt_v2(raw[len(V2_PREFIX) :], secret_of(passphrase), name)
    elif raw is not None and raw.startswith(V1_PREFIX):
        plain = _decrypt_v1(raw[len(V1_PREFIX) :], secret_of(passphrase), looks_right, name)
    else:
        raise _not_encrypted(data, raw, looks_right, name)
    if plain is None:
        raise WrongPassphrase(
            f"{name} does not open with the {PASSPHRASE}: it is not the right one, or the file was changed.",
            f"Check the input {PASSPHRASE}: it is what match calls MATCH_PASSWORD.",
        )
    return plain


def version_of(data: bytes) -> Version | None:
    """Says how a file text is encrypted; None where it is not."""
    head = _decoded(_BLANKS.sub(b"", data[:256].lstrip(b"\xef\xbb\xbf"))[:40])
    if head is None:
        return None
    return 2 if head.startswith(V2_PREFIX) else 1 if head.startswith(V1_PREFIX) else None


def secret_of(passphrase: str, input: str = PASSPHRASE) -> bytes:
    """The bytes that keys are made of: UTF-8, nothing trimmed and nothing normalised, as match has it.

    Raises BadPassphrase, naming `input`, where the passphrase is blank, which match refuses too, or cannot be encoded.
    """
    if not passphrase.strip():
        raise BadPassphrase(
            f"{input}: is empty (a secret that is not set?)",
            f"Set {input} to what the store is encrypted with: match calls it MATCH_PASSWORD.",
        )
    try:  # bytes of the environment that are no UTF-8 reach Python as surrogates, and go back to what they were
        return passphrase.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadPassphrase(
            f"{input}: has characters that are not text", f"Set {input} to text in UTF-8."
        ) from None


def _decrypt_v2(body: bytes, secret: bytes, name: str) -> bytes | None:
    if len(body) < SALT + TAG:
        raise Damaged(f"{name} is cut off within its first line.", _RESTORE)
    salt, tag, sealed = body[:SALT], body[SALT : SALT + TAG], body[SALT + TAG :]
    return open_v2(sealed, secret, salt, tag)


def _decrypt_v1(body: bytes, secret: bytes, looks_right: Callable[[bytes], bool], name: str) -> bytes | None:
    salt, sealed = body[:SALT], body[SALT:]
    if not sealed or len(sealed) % BLOCK:
        raise Damaged(f"{name} is cut off: its last block is not whole.", _RESTORE)
    opened = (open_v1(sealed, secret, salt, digest) for digest in _DIGESTS)
    return next((plain for plain in opened if plain is not None and looks_right(plain)), None)


def _not_encrypted(
    data: bytes, raw: bytes | None, looks_right: Callable[[bytes], bool], name: str
) -> NotEncrypted | Damaged:
    if looks_right(data) or (raw and looks_right(raw)):
        return NotEncrypted(
            f"{name} is stored without encryption.",
            "Have it written anew, which encrypts it, or read it as it is.",
        )
    if not data.strip():
        return Damaged(f"{name} is empty.", _RESTORE)
    if data.startswith(b"version https://git-lfs"):
        return Damaged(
            f"{name} is a pointer of git LFS, not the file itself.",
            "Take the file out of LFS in that repository.",
        )
    if b"<<<<<<< " in data:
        return Damaged(f"{name} has the marks of a merge that was not finished.", _RESTORE)
    if raw is None and _BLANKS.sub(b"", data).startswith((b"U2FsdGVkX1", b"bWF0Y2hfZW5jcnlwdGVkX3Yy")):
        return Damaged(
            f"{name} is cut off or changed: it begins well, but it is not base64 to its end.", _RESTORE
        )
    return Damaged(f"{name} is not encrypted as match does it, nor anything that belongs there.", _RESTORE)


def _decoded(data: bytes) -> bytes | None:
    """The bytes behind base64, however it is broken into lines: git may have made CRLF of them. None if it is not."""
    try:
        return base64.b64decode(_BLANKS.sub(b"", data.removeprefix(b"\xef\xbb\xbf")), validate=True)
    except (binascii.Error, ValueError):
        return None


def _lines(raw: bytes) -> bytes:
    text = base64.b64encode(raw)
    return b"".join(text[start : start + LINE] + b"\n" for start in range(0, len(text), LINE))


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


_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
"""The object identifier that a CMS signature, and so a profile, begins with (RFC 5652, 5.1)."""


def is_certificate(data: bytes) -> bool:
    """DER that is a sequence of a sequence and as long as it says, or PEM."""
    if data.lstrip().startswith(b"-----BEGIN CERTIFICATE-----"):
        return True
    return (
        data[:2] == b"\x30\x82" and data[4:5] == b"\x30" and int.from_bytes(data[2:4], "big") == len(data) - 4
    )


def is_private_key(data: bytes) -> bool:
    """A private key in PEM, or PKCS#12."""
    head = data[:4096]
    return (b"-----BEGIN " in head and b"PRIVATE KEY-----" in head) or looks_like_p12(data)


def is_profile(data: bytes) -> bool:
    """A CMS signature."""
    return data[:1] == b"\x30" and _SIGNED_DATA in data[:32]


def check_for(path: str) -> Callable[[bytes], bool]:
    """The check for a path's ending."""
    if path.endswith(".cer"):
        return is_certificate
    return is_private_key if path.endswith(".p12") else is_profile
