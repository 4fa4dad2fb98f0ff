"""match's encryption, byte by byte: held against the openssl command and against the steps written out here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import tempfile
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.errors import Error
from asc.signing.vault.encryption import Version, check_for, decrypt, encrypt, open_v1, version_of
from asc.signing.vault.errors import BadPassphrase, Damaged, NotEncrypted, WrongPassphrase
from signing.test_vault_samples import by_match, openssl, unnamed

PASSPHRASE = "open sesame"
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nnot a key, but it looks like one\n-----END RSA PRIVATE KEY-----\n"
UNLUCKY_SALT = (958).to_bytes(8, "big")
"""With it KEY, encrypted with SHA-256 under PASSPHRASE, decrypts with MD5, too: to garbage."""
VECTOR_V2 = b"bWF0Y2hfZW5jcnlwdGVkX3YyX18AAQIDBAUGB3Gl3EQpS8k65aJRevDCjBsR\nOePtXYu/xDNtKw==\n"
PASSPHRASES = [
    "simple",
    " two  blanks, and around ",
    unicodedata.normalize("NFC", "Schlüssel für Äpfel"),
    unicodedata.normalize("NFD", "Schlüssel für Äpfel"),
    "🔑👩‍💻",
    '2"QAHg@v(Qp{=*n^$`\\',
    "x" * 500,
]


def anything(data: bytes) -> bool:
    return True


def nothing(data: bytes) -> bool:
    return False


def is_key(data: bytes) -> bool:
    return data.startswith(b"-----BEGIN")


def unlock(data: bytes, passphrase: str, digest: str) -> bytes:
    """The openssl command's own decryption of a file of version 1."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "passphrase")
        secret.write_bytes(passphrase.encode() + b"\n")
        arguments = ["enc", "-d", "-aes-256-cbc", "-md", digest, "-a", "-pass", f"file:{secret}"]
        return openssl(*arguments, stdin=data)


def v2_step_by_step(plain: bytes, passphrase: str, salt: bytes) -> bytes:
    """Version 2 from its parts: PBKDF2 out of HMAC, and the mode GCM rather than the AEAD."""
    made = b""
    for block in (1, 2, 3):
        last = hmac.digest(passphrase.encode(), salt + block.to_bytes(4, "big"), "sha256")
        total = int.from_bytes(last)
        for _ in range(9_999):
            last = hmac.digest(passphrase.encode(), last, "sha256")
            total ^= int.from_bytes(last)
        made += total.to_bytes(32)
    encryptor = Cipher(algorithms.AES(made[0:32]), modes.GCM(made[32:44])).encryptor()
    encryptor.authenticate_additional_data(made[44:68])
    sealed = encryptor.update(plain) + encryptor.finalize()
    text = base64.b64encode(b"match_encrypted_v2__" + salt + encryptor.tag + sealed).decode()
    return "".join(line + "\n" for line in re.findall(".{1,60}", text)).encode()


# Known answers


@pytest.mark.parametrize("digest", ["md5", "sha256"])
@pytest.mark.parametrize("passphrase", PASSPHRASES)
def test_version_1_of_openssl_is_read(passphrase: str, digest: str) -> None:
    data = by_match(KEY, passphrase.encode(), digest)
    assert version_of(data) == 1
    assert decrypt(data, passphrase, is_key) == KEY


def test_openssl_decrypts_version_1_with_md5() -> None:
    assert unlock(encrypt(KEY, PASSPHRASE, 1), PASSPHRASE, "md5") == KEY


def test_version_1_byte_by_byte() -> None:
    ours = base64.b64decode(encrypt(KEY, PASSPHRASE, 1))
    assert ours == base64.b64decode(by_match(KEY, PASSPHRASE.encode(), "md5", ours[8:16]))


@pytest.mark.parametrize("passphrase", PASSPHRASES)
def test_version_2_byte_by_byte(passphrase: str) -> None:
    ours = encrypt(KEY, passphrase)
    assert ours == v2_step_by_step(KEY, passphrase, base64.b64decode(ours)[20:28])
    assert decrypt(ours, passphrase, nothing) == KEY


def test_version_2_derives_what_hashlib_derives() -> None:
    raw = base64.b64decode(encrypt(b"x", PASSPHRASE))
    assert raw[:20] == b"match_encrypted_v2__" and len(raw) == 44 + 1
    made = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), raw[20:28], 10_000, 68)
    stream = Cipher(algorithms.AES(made[:32]), modes.CTR(made[32:44] + b"\0\0\0\2")).decryptor()
    assert stream.update(raw[44:]) == b"x"


def test_a_stored_vector_of_version_2() -> None:
    """Ciphertext that must stay readable whatever becomes of the code: passphrase “open sesame”, salt 00…07."""
    assert decrypt(VECTOR_V2, PASSPHRASE, nothing) == b"Hello World"


# The digests of version 1


def test_sha256_that_decrypts_with_md5_too() -> None:
    data = by_match(KEY, PASSPHRASE.encode(), "sha256", UNLUCKY_SALT)
    garbage = unlock(data, PASSPHRASE, "md5")
    assert garbage != KEY, "openssl sees nothing wrong either: this is the case in 256"
    assert decrypt(data, PASSPHRASE, is_key) == KEY


def test_garbage_under_both_digests_is_a_wrong_passphrase() -> None:
    data = by_match(KEY, PASSPHRASE.encode(), "sha256", UNLUCKY_SALT)
    with pytest.raises(WrongPassphrase):
        decrypt(data, PASSPHRASE, nothing)


@pytest.mark.parametrize("version", [1, 2])
def test_wrong_passphrases(version: Version) -> None:
    data = encrypt(KEY, PASSPHRASE, version)
    for number in range(30 if version == 2 else 600):  # two of 600 have a padding that fits
        with pytest.raises(WrongPassphrase) as caught:
            decrypt(data, f"secret-{number}", is_key, "“certs/a.p12”")
        assert "certs/a.p12" in caught.value.message and "passphrase" in caught.value.message
        assert f"secret-{number}" not in caught.value.message + caught.value.remedy


def test_a_wrong_key_may_pass_the_padding() -> None:
    data = base64.b64decode(by_match(KEY, PASSPHRASE.encode(), "sha256", UNLUCKY_SALT))
    assert open_v1(data[16:], PASSPHRASE.encode(), UNLUCKY_SALT, "md5") not in (None, KEY)


# Passphrases


def test_the_bytes_of_a_passphrase_are_kept() -> None:
    composed, decomposed = PASSPHRASES[2:4]
    assert composed != decomposed
    with pytest.raises(WrongPassphrase):
        decrypt(encrypt(KEY, composed), decomposed, anything)
    with pytest.raises(WrongPassphrase):
        decrypt(encrypt(KEY, "end"), "end\n", anything)


def test_a_passphrase_that_is_no_utf_8_keeps_its_bytes() -> None:
    passphrase = os.fsdecode(b"caf\xe9") if os.fsdecode(b"\xe9") != "é" else "caf\udce9"
    data = by_match(KEY, b"caf\xe9")
    assert decrypt(data, passphrase, is_key) == KEY


@pytest.mark.parametrize("passphrase", ["", " ", "\n\t", "\ud800"])
def test_what_is_no_passphrase(passphrase: str) -> None:
    data = encrypt(KEY, PASSPHRASE)
    for work in (lambda: encrypt(KEY, passphrase), lambda: decrypt(data, passphrase, anything)):
        with pytest.raises(BadPassphrase, match=r"^passphrase: ") as caught:
            work()
        assert caught.value.exit_code == 2


# The text of a file


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 44, 45, 46, 1000, 65_536, 1_000_000, 1 << 20])
def test_sizes(size: int, version: Version) -> None:
    plain = os.urandom(size)
    data = encrypt(plain, PASSPHRASE, version)
    lines = data.decode("ascii").split("\n")
    assert lines.pop() == "" and all(len(line) == 60 for line in lines[:-1]) and 0 < len(lines[-1]) <= 60
    assert decrypt(data, PASSPHRASE, lambda found: found == plain) == plain


def test_every_file_has_a_salt_of_its_own() -> None:
    assert len({encrypt(KEY, PASSPHRASE) for _ in range(10)}) == 10


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b""),
        lambda data: data.rstrip(b"\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\n\n  " + data + b"\n\n",
        lambda data: base64.encodebytes(base64.b64decode(data)),
    ],
)
def test_broken_into_lines_differently(change, version: Version) -> None:  # type: ignore[no-untyped-def]
    data = change(encrypt(KEY, PASSPHRASE, version))
    assert version_of(data) == version
    assert decrypt(data, PASSPHRASE, is_key) == KEY


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello", "neither encrypted"),
        (base64.encodebytes(b"hello"), "neither encrypted"),
        (os.urandom(500), "neither encrypted"),
        (encrypt(KEY, PASSPHRASE)[:-3], "cut off"),
        (encrypt(KEY, PASSPHRASE)[:58], "cut off"),
        (base64.encodebytes(b"match_encrypted_v2__12345678"), "cut off"),
        (base64.encodebytes(b"Salted__12345678"), "cut off"),
        (base64.encodebytes(b"Salted__1234567812345"), "cut off"),
        (encrypt(KEY, PASSPHRASE, 1)[:-9] + b"\n", "cut off"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "LFS"),
        (b"<<<<<<< HEAD\n" + encrypt(KEY, PASSPHRASE), "merge"),
    ],
    ids=unnamed,
)
def test_a_damaged_file_is_an_error_that_names_the_damage(data: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason) as caught:
        decrypt(data, PASSPHRASE, nothing, "“certs/a.p12”")
    assert caught.value.message.startswith("“certs/a.p12” ") and caught.value.remedy


@pytest.mark.parametrize("data", [KEY, base64.encodebytes(KEY)], ids=unnamed)
def test_a_file_without_encryption_is_told_apart(data: bytes) -> None:
    assert version_of(data) is None
    for passphrase in (PASSPHRASE, ""):
        with pytest.raises(NotEncrypted):
            decrypt(data, passphrase, is_key)


# Properties


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.text(min_size=1).filter(str.strip), st.sampled_from([1, 2]))
def test_there_and_back(plain: bytes, passphrase: str, version: Version) -> None:
    data = encrypt(plain, passphrase, version)
    assert decrypt(data, passphrase, lambda found: found == plain) == plain


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=300).map(base64.encodebytes),
        st.binary(max_size=80).map(lambda tail: base64.encodebytes(b"Salted__" + tail)),
        st.binary(max_size=80).map(lambda tail: base64.encodebytes(b"match_encrypted_v2__" + tail)),
    ),
    st.text(max_size=20),
)
def test_garbage_raises_nothing_but_our_errors(data: bytes, passphrase: str) -> None:
    version_of(data)
    with pytest.raises(Error):
        decrypt(data, passphrase, nothing)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_byte_of_version_2_is_never_missed(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(encrypt(KEY, PASSPHRASE)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Error):
        decrypt(base64.encodebytes(bytes(raw)), PASSPHRASE, nothing)


def test_a_certificate_with_a_description_in_front_opens_in_the_old_encryption() -> None:
    pem = b"Bag Attributes\n    friendlyName: Example\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    assert decrypt(encrypt(pem, PASSPHRASE, 1), PASSPHRASE, check_for("certs/distribution/A.cer")) == pem
