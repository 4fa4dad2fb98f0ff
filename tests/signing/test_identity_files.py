"""PKCS#12 as macOS takes it, and certificates and keys in every form in which users have them."""

from __future__ import annotations

import base64
import traceback

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.identity.errors import IdentityError, WrongPassword
from asc.identity.keys import csr
from asc.identity.p12 import p12, read_p12
from asc.identity.reading import identify, read_certificates, read_identity, read_private_key
from signing.test_vault_samples import issue, key, openssl, profile, traditional, unnamed

PEM = traditional(key())
DER = issue(key())
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(DER) + b"-----END CERTIFICATE-----\n"
PASSWORD = "Geheim ñ 1"


def form(encoding: str, layout: str, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key().private_bytes(
        getattr(serialization.Encoding, encoding), getattr(serialization.PrivateFormat, layout), encryption
    )


def by_openssl(password: str, *options: str) -> bytes:
    return openssl("pkcs12", "-export", *options, "-passout", f"pass:{password}", stdin=PEM + CERTIFICATE)


# Written


@pytest.fixture(scope="module")
def ours() -> bytes:
    return p12(key(), Certificate.from_der(DER), PASSWORD, "Apple Distribution")


def test_the_algorithms_are_those_that_macos_takes(ours: bytes) -> None:
    arguments = ["pkcs12", "-info", "-noout", "-passin", f"pass:{PASSWORD}"]
    said = openssl(*arguments, stdin=ours, everything=True).decode()
    assert said.lower().startswith("mac: sha1,")
    assert said.count("pbeWithSHA1And3-KeyTripleDES-CBC") == 2, "the key and the certificate"
    assert "PBES2" not in said and "AES" not in said and "RC2" not in said


def test_openssl_finds_key_certificate_and_name(ours: bytes) -> None:
    said = openssl("pkcs12", "-nodes", "-passin", f"pass:{PASSWORD}", stdin=ours)
    assert read_private_key(said).private_numbers() == key().private_numbers()
    assert read_certificates(said)[0].der == DER
    assert b"friendlyName: Apple Distribution" in said
    assert said.count(b"localKeyID: ") == 2, "which is what makes an identity of the two"


def test_our_own_comes_back(ours: bytes) -> None:
    identity = read_p12(ours, PASSWORD)
    assert identity.key and identity.key.private_numbers() == key().private_numbers()
    assert [each.der for each in identity.certificates] == [DER]
    assert "Private" not in repr(identity)


def test_what_makes_no_p12() -> None:
    with pytest.raises(IdentityError, match="password"):
        p12(key(), Certificate.from_der(DER), "", "x")
    with pytest.raises(IdentityError, match="Apple Distribution"):
        p12(key(1), Certificate.from_der(DER), "x", "x")


# Read: PKCS#12


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="today's defaults of openssl"),
        pytest.param(("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"), id="3DES"),
        pytest.param(("-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE"), id="certificate in the clear"),
        pytest.param(("-nomac",), id="no MAC"),
    ],
)
@pytest.mark.parametrize("password", ["secret", PASSWORD, ""])
def test_pkcs12_of_openssl(options: tuple[str, ...], password: str) -> None:
    data = by_openssl(password, *options)
    for given_password in (password, password or None):
        identity = read_identity(data, given_password)
        assert identity.key and identity.key.private_numbers() == key().private_numbers()
        assert [each.der for each in identity.certificates] == [DER]


def test_pkcs12_as_keychain_access_exports_it() -> None:
    """RC2 with 40 bits for the certificate, which OpenSSL 3 calls legacy and older ones did unasked."""
    modern = openssl("version").startswith(b"OpenSSL 3")
    legacy = ("-legacy",) if modern else ()
    data = by_openssl("secret", *legacy, "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES")
    assert read_private_key(data, "secret").private_numbers() == key().private_numbers()


def test_a_password_that_is_not_needed_is_no_mistake() -> None:
    for data in (by_openssl(""), PEM, form("DER", "PKCS8")):
        assert read_private_key(data, "whatever").private_numbers() == key().private_numbers()


@pytest.mark.parametrize("password", [None, "", "wrong", "sec ret", "S" * 300])
def test_a_wrong_password_is_said(password: str | None) -> None:
    with pytest.raises(WrongPassword, match=r"mine\.p12"):
        read_identity(by_openssl("secret"), password, "“mine.p12”")


def test_a_p12_without_a_key() -> None:
    data = openssl("pkcs12", "-export", "-nokeys", "-passout", "pass:x", stdin=CERTIFICATE)
    assert read_identity(data, "x").key is None
    with pytest.raises(IdentityError, match="certificates"):
        read_private_key(data, "x")


@pytest.mark.parametrize("cut", [10, 100, 1000, -1])
def test_a_p12_that_is_cut_off(cut: int) -> None:
    with pytest.raises(IdentityError, match="cut off"):
        read_identity(by_openssl("x")[:cut], "x")


# Read: PEM and DER


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PEM, id="PKCS#1"),
        pytest.param(form("PEM", "PKCS8"), id="PKCS#8"),
        pytest.param(form("DER", "PKCS8"), id="DER"),
        pytest.param(form("DER", "TraditionalOpenSSL"), id="DER of PKCS#1"),
        pytest.param(PEM.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(base64.encodebytes(PEM), id="base64 of PEM"),
        pytest.param(PEM.decode().encode("utf-16"), id="PEM in UTF-16"),
        pytest.param(base64.b64encode(form("DER", "PKCS8")), id="base64 of DER"),
        pytest.param(CERTIFICATE + PEM, id="certificate before it"),
        pytest.param(PEM + CERTIFICATE, id="certificate behind it"),
        pytest.param(b"Bag Attributes\n    friendlyName: x\n" + PEM, id="as openssl pkcs12 prints it"),
    ],
)
def test_private_keys(data: bytes) -> None:
    assert read_private_key(data).private_numbers() == key().private_numbers()


@pytest.mark.parametrize("layout", ["PKCS8", "TraditionalOpenSSL"])
def test_encrypted_keys(layout: str) -> None:
    data = form("PEM", layout, PASSWORD.encode())
    assert read_private_key(data, PASSWORD).private_numbers() == key().private_numbers()
    with pytest.raises(WrongPassword, match=r"k\.pem"):
        read_private_key(data, "wrong", "“k.pem”")
    with pytest.raises(WrongPassword, match=r"k\.pem.*encrypted"):
        read_private_key(data, None, "“k.pem”")


@pytest.mark.parametrize(
    "data",
    [
        DER,
        CERTIFICATE,
        b"Bag Attributes\n" + CERTIFICATE,
        base64.encodebytes(DER),
        base64.b64encode(CERTIFICATE),
        CERTIFICATE.replace(b"\n", b"\r\n"),
    ],
    ids=unnamed,
)
def test_certificates(data: bytes) -> None:
    assert [each.der for each in read_certificates(data)] == [DER]


def test_several_certificates_in_one_file() -> None:
    other = issue(key(1))
    data = CERTIFICATE + openssl("x509", "-inform", "DER", stdin=other)
    assert [each.der for each in read_certificates(data)] == [DER, other]


OTHERS = {
    "an empty file": b"",
    "a provisioning profile or another signed file": profile(),
    "a signing request": csr(key()).encode(),
    "a public key": openssl("rsa", "-pubout", stdin=PEM),
    "an elliptic curve key": openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout"),
    "an SSH key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    "a text": b"hello",
    "something else": b"\0\1\2\xff" * 100,
    "a PEM of the kind “X509 CRL”": b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_it_is_instead_is_said(what: str) -> None:
    assert identify(OTHERS[what]) == what
    with pytest.raises(IdentityError, match=f"“x.cer” is {what}, not a certificate") as refused:
        read_certificates(OTHERS[what], "“x.cer”")
    assert "Expected" in refused.value.remedy
    with pytest.raises(
        IdentityError, match=f"“x.p12” is ({what}, not a private key|a private key, but not an RSA)"
    ):
        read_private_key(OTHERS[what], "x", "“x.p12”")


def test_one_in_the_place_of_the_other() -> None:
    with pytest.raises(IdentityError, match="private key"):
        read_certificates(PEM)
    with pytest.raises(IdentityError, match=r"\.p12"):
        read_certificates(by_openssl("x"))
    with pytest.raises(IdentityError, match="is a certificate"):
        read_private_key(DER)
    with pytest.raises(IdentityError, match="certificates"):
        read_private_key(CERTIFICATE)


def test_an_api_key_is_not_a_signing_key() -> None:
    api_key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(IdentityError, match="RSA"):
        read_private_key(api_key)


@pytest.mark.parametrize(
    "data",
    [PEM[:600], PEM.replace(b"A", b"B").replace(b"RSB PRIVBTE", b"RSA PRIVATE"), PEM[:-40]],
    ids=unnamed,
)
def test_a_damaged_key(data: bytes) -> None:
    with pytest.raises(IdentityError, match="cut off"):
        read_private_key(data)


def test_nothing_of_the_material_is_in_an_error() -> None:
    body = PEM.splitlines()[1:-1]
    broken = b"\n".join([PEM.splitlines()[0], *body[:-3], PEM.splitlines()[-1]])
    password = "-".join(["hunter", "2", "secret"])  # not as one word, for tracebacks quote the source
    try:
        read_private_key(broken, password)
    except IdentityError as error:
        text = "".join(traceback.format_exception(error)) + error.remedy
    assert not any(line.decode() in text for line in body) and password not in text


def test_large_files_are_not_looked_at() -> None:
    for read in (read_certificates, read_private_key):
        with pytest.raises(IdentityError, match="2097152"):
            read(b"A" * (2 << 20))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda tail: b"\x30\x82\x01\x00\x02\x01\x03\x30" + tail),
        st.binary(max_size=200).map(lambda tail: b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(tail)),
        st.sampled_from(["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"]).flatmap(
            lambda label: st.binary(max_size=100).map(
                lambda tail: (
                    f"-----BEGIN {label}-----\n".encode()
                    + base64.encodebytes(tail)
                    + f"-----END {label}-----\n".encode()
                )
            )
        ),
    ),
    st.one_of(st.none(), st.text(max_size=10)),
)
def test_garbage_raises_nothing_but_our_errors(data: bytes, password: str | None) -> None:
    identify(data)
    with pytest.raises(Error):
        read_certificates(data)
    with pytest.raises(Error):
        read_private_key(data, password)
