"""Keys, certificates, profiles and match's trees for the tests of signing, and that OpenSSL takes them for real."""

from __future__ import annotations

import base64
import functools
import plistlib
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
TEAM = "A1B2C3D4E5"


def openssl(*arguments: str, stdin: bytes = b"", everything: bool = False) -> bytes:
    """What the openssl command prints, with `everything` on standard error, too.

    It is the independent implementation, so its absence is a failure.
    """
    program = shutil.which("openssl")
    assert program, "these tests need the openssl command: install it (on Debian: apt-get install openssl)"
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout + done.stderr if everything else done.stdout


def key(number: int = 0) -> rsa.RSAPrivateKey:
    """The same key for the same number, within a run."""
    return _key(number)


@functools.cache
def _key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def unnamed(value: object) -> str | None:
    """For `ids`: bytes differ from run to run, and workers must agree on the names of tests."""
    return "bytes" if isinstance(value, bytes) else None


def traditional(private: rsa.RSAPrivateKey) -> bytes:
    """The key as fastlane writes it."""
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def issue(
    private: rsa.RSAPrivateKey,
    common_name: str = f"Apple Distribution: Example Ltd ({TEAM})",
    begins: datetime = NOW - timedelta(days=10),
    ends: datetime = NOW + timedelta(days=355),
    serial: int = 0x0AB12,
) -> bytes:
    """A certificate with the names that Apple's have, DER."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, TEAM),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=len(common_name) <= 64),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEAM),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
        ]
    )
    builder = x509.CertificateBuilder(subject, subject, private.public_key(), serial, begins, ends)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@functools.cache
def profile(bundle_id: str = "com.example.app", uuid: str = "0a1b2c3d", platform: str = "iOS") -> bytes:
    """A provisioning profile: a property list, really signed."""
    values = {
        "Name": f"match AppStore {bundle_id}",
        "UUID": uuid,
        "TeamIdentifier": [TEAM],
        "Platform": [platform],
        "CreationDate": datetime(2026, 4, 1),
        "ExpirationDate": datetime(2027, 4, 1),
        "DeveloperCertificates": [issue(key())],
        "Entitlements": {"application-identifier": f"{TEAM}.{bundle_id}"},
    }
    signer = x509.load_der_x509_certificate(issue(key(), "Apple iPhone OS Provisioning Profile Signing"))
    builder = pkcs7.PKCS7SignatureBuilder().set_data(plistlib.dumps(values))
    signed = builder.add_signer(signer, key(), hashes.SHA256())
    return signed.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def by_match(plain: bytes, passphrase: bytes, digest: str = "md5", salt: bytes | None = None) -> bytes:
    """A file as match wrote it when it still called openssl: version 1, in lines of 64 characters."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "passphrase")
        secret.write_bytes(passphrase + b"\n")
        arguments = ["enc", "-aes-256-cbc", "-md", digest, "-pass", f"file:{secret}"]
        if salt is None:
            return openssl(*arguments, "-a", "-salt", stdin=plain)
        raw = openssl(*arguments, "-S", salt.hex(), stdin=plain)
        header = b"Salted__" + salt  # OpenSSL 3 leaves it out where the salt is given
        return base64.encodebytes(header + raw.removeprefix(header))


def test_openssl_reads_the_samples() -> None:
    subject = openssl("x509", "-inform", "DER", "-noout", "-subject", stdin=issue(key())).decode()
    assert "Apple Distribution: Example Ltd" in subject and TEAM in subject
    verified = openssl("cms", "-verify", "-noverify", "-inform", "DER", stdin=profile())
    assert plistlib.loads(verified)["UUID"] == "0a1b2c3d"


def test_a_machine_without_openssl_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AssertionError, match="need the openssl command"):
        openssl("version")
