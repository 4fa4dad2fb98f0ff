"""A throw-away certificate authority, one for each process: a root, an intermediate, and the signer of profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from asc_sandbox.authority.kinds import CODE_SIGNING

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

# Object identifiers below Apple's own arc: readers of real certificates look for them.
_PROFILE_SIGNING = "1.2.840.113635.100.4.15"
_POLICY = "1.2.840.113635.100.5.1"
_ASN1_NULL = b"\x05\x00"
# Longer than any certificate below it: tests issue certificates that began years ago.
_YEARS = timedelta(days=3650)


@dataclass(frozen=True)
class Order:
    """A certificate to issue.

    `unit` is the team's id, `user_id` the id of the team or of the member. `marks` are Apple's extensions for a
    type.
    """

    public_key: PublicKey
    common_name: str
    user_id: str
    unit: str
    organization: str
    country: str
    serial: int
    not_before: datetime
    not_after: datetime
    marks: tuple[str, ...] = ()
    usage: str = CODE_SIGNING


@dataclass(frozen=True)
class Signer:
    """A certificate with its private key, to sign certificates or profiles with."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def name(self) -> x509.Name:
        """Return the subject of the certificate: the issuer of everything that it signs."""
        return self.certificate.subject


def issue(order: Order) -> bytes:
    """Return a certificate that the intermediate has signed, as DER."""
    subject = [
        (NameOID.USER_ID, order.user_id),
        (NameOID.COMMON_NAME, order.common_name),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, order.unit),
        (NameOID.ORGANIZATION_NAME, order.organization),
        (NameOID.COUNTRY_NAME, order.country),
    ]
    issuer = intermediate()
    builder = _leaf(
        _builder(_name(subject), issuer.name, order.public_key, order.serial),
        issuer,
        order.public_key,
        order.usage,
    )
    for mark in order.marks:
        # cryptography has no class for Apple's marks.
        marker = x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), _ASN1_NULL)
        builder = builder.add_extension(marker, critical=True)
    builder = builder.not_valid_before(order.not_before).not_valid_after(order.not_after)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def sign(content: bytes) -> bytes:
    """Return a CMS SignedData (DER) with `content` inside and the certificates from the signer to the root."""
    signer = profile_signer()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    for above in (intermediate(), root()):
        builder = builder.add_certificate(above.certificate)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


@cache
def root() -> Signer:
    """Return the root certificate; no system trusts it."""
    key, name = _new_key(), _organization("Sandbox Root CA")
    return _authority(key, name, Signer(_self_signed(key, name), key))


@cache
def intermediate() -> Signer:
    """Return the issuer of all certificates, in the place of Apple's Worldwide Developer Relations."""
    name = _organization("Sandbox Worldwide Developer Relations Certification Authority")
    return _authority(_new_key(), name, root())


@cache
def profile_signer() -> Signer:
    """Return the signer of provisioning profiles, issued by the intermediate."""
    key, issuer = _new_key(), intermediate()
    name = _organization("Sandbox Provisioning Profile Signing")
    builder = _builder(name, issuer.name, key.public_key(), x509.random_serial_number())
    builder = _for_years(_leaf(builder, issuer, key.public_key(), _PROFILE_SIGNING))
    return Signer(builder.sign(issuer.key, hashes.SHA256()), key)


@cache
def unowned_key() -> PublicKey:
    """Return the public key of the certificates that a seed gives without a content: an RSA key like Apple's."""
    # Nobody keeps the private half: the owner of such a certificate is somebody else.
    return rsa.generate_private_key(65537, 2048).public_key()


@cache
def unowned_small_key() -> PublicKey:
    """Return a public key for certificates whose kind of key does not matter."""
    return _new_key().public_key()


def _new_key() -> ec.EllipticCurvePrivateKey:
    # Elliptic keys are made in a millisecond; RSA keys take a tenth of a second.
    return ec.generate_private_key(ec.SECP256R1())


def _name(attributes: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _organization(common_name: str) -> x509.Name:
    return _name(
        [
            (NameOID.COMMON_NAME, common_name),
            (NameOID.ORGANIZATION_NAME, "Sandbox Inc."),
            (NameOID.COUNTRY_NAME, "US"),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: PublicKey, serial: int
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, public_key, serial)


def _for_years(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return builder.not_valid_before(now - _YEARS).not_valid_after(now + _YEARS)


def _self_signed(key: ec.EllipticCurvePrivateKey, name: x509.Name) -> x509.Certificate:
    builder = _for_years(_builder(name, name, key.public_key(), x509.random_serial_number()))
    return builder.sign(key, hashes.SHA256())


def _authority(key: ec.EllipticCurvePrivateKey, name: x509.Name, issuer: Signer) -> Signer:
    builder = _for_years(_builder(name, issuer.name, key.public_key(), x509.random_serial_number()))
    builder = _identified(builder, issuer, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return Signer(builder.sign(issuer.key, hashes.SHA256()), key)


def _leaf(
    builder: x509.CertificateBuilder, issuer: Signer, public_key: PublicKey, usage: str
) -> x509.CertificateBuilder:
    policy = x509.PolicyInformation(x509.ObjectIdentifier(_POLICY), None)
    return (
        _identified(builder, issuer, public_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.CertificatePolicies([policy]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)]), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
    )


def _identified(
    builder: x509.CertificateBuilder, issuer: Signer, public_key: PublicKey
) -> x509.CertificateBuilder:
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    own = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return builder.add_extension(above, critical=False).add_extension(own, critical=False)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
