"""Private keys, signing requests, certificates and the choice among them; OpenSSL is asked what it makes of ours."""

from __future__ import annotations

import contextlib
import warnings
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.errors import Error
from asc.identity.certificate import Certificate
from asc.identity.choosing import choose
from asc.identity.errors import IdentityError, NoMatch
from asc.identity.keys import csr, key_pem, new_private_key, same_key
from signing.test_vault_samples import NOW, TEAM, issue, key, openssl, traditional


def certificate(*arguments: object, **names: object) -> Certificate:
    return Certificate.from_der(issue(*arguments, **names))  # type: ignore[arg-type]


# Keys and requests


def test_a_new_key() -> None:
    made = new_private_key()
    assert made.key_size == 2048 and made.public_key().public_numbers().e == 65537
    assert made.private_numbers() != new_private_key().private_numbers()
    assert b"RSA key ok" in openssl("rsa", "-check", "-noout", stdin=key_pem(made))


def test_the_key_is_written_as_fastlane_writes_it() -> None:
    pem = key_pem(key())
    assert pem == traditional(key()) and pem.startswith(b"-----BEGIN RSA PRIVATE KEY-----\n")


def test_a_signing_request() -> None:
    request = csr(key()).encode()
    text = openssl("req", "-noout", "-text", "-verify", "-nameopt", "utf8", stdin=request).decode()
    assert "sha256WithRSAEncryption" in text and "2048 bit" in text
    assert "App Store Connect Actions" in text
    public = openssl("req", "-noout", "-pubkey", stdin=request)
    assert public == openssl("rsa", "-pubout", stdin=traditional(key()))


def test_belonging_together_is_told_by_the_public_key() -> None:
    assert same_key(certificate(key()), key())
    assert not same_key(certificate(key()), key(1))


# Certificates


def test_what_a_certificate_says() -> None:
    der = issue(key(), serial=0x0AB12)
    found = Certificate.from_der(der)
    assert found.common_name == f"Apple Distribution: Example Ltd ({TEAM})"
    assert (found.team_id, found.kind, found.serial) == (TEAM, "DISTRIBUTION", "AB12")
    assert (found.not_before, found.not_after) == (NOW - timedelta(days=10), NOW + timedelta(days=355))
    assert found.not_after.tzinfo == UTC
    for digest, ours in (("sha1", found.sha1), ("sha256", found.sha256)):
        line = openssl("x509", "-inform", "DER", "-noout", "-fingerprint", f"-{digest}", stdin=der).decode()
        assert line.strip().rpartition("=")[2].replace(":", "") == ours


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Apple Development: Jo Doe (AAAA)", "DEVELOPMENT"),
        ("Apple Distribution: Example Ltd (A1B2C3D4E5)", "DISTRIBUTION"),
        ("iPhone Developer: Jo Doe (AAAA)", "IOS_DEVELOPMENT"),
        ("iPhone Distribution: Example Ltd", "IOS_DISTRIBUTION"),
        ("Mac Developer: Jo Doe (AAAA)", "MAC_APP_DEVELOPMENT"),
        ("3rd Party Mac Developer Application: Example Ltd (A1)", "MAC_APP_DISTRIBUTION"),
        ("3rd Party Mac Developer Installer: Example Ltd (A1)", "MAC_INSTALLER_DISTRIBUTION"),
        ("Developer ID Application: Example: Sons (A1)", "DEVELOPER_ID_APPLICATION"),
        ("Developer ID Installer: Example Ltd (A1)", "DEVELOPER_ID_INSTALLER"),
        ("Somebody", None),
        ("Apple Distributions: X", None),
    ],
)
def test_the_kind_of_a_certificate_follows_from_its_name(name: str, kind: str | None) -> None:
    assert certificate(key(), name).kind == kind


def test_a_company_may_have_a_longer_name_than_x520_allows() -> None:
    name = f"Apple Distribution: {'Example ' * 10}Ltd ({TEAM})"
    with warnings.catch_warnings(action="ignore"):
        der = issue(key(), name)
    assert Certificate.from_der(der).common_name == name


def test_a_certificate_expires_at_its_end_and_not_before() -> None:
    found = certificate(key(), ends=NOW + timedelta(days=30))
    assert found.expires_within(timedelta(days=31), NOW) and not found.expires_within(timedelta(days=30), NOW)
    assert found.expires_within(timedelta(0), NOW + timedelta(days=31))
    assert found.valid_at(NOW) and found.valid_at(NOW + timedelta(days=30))
    assert not found.valid_at(NOW + timedelta(days=31)) and not found.valid_at(NOW - timedelta(days=11))
    assert found.valid_at(datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))))


def test_the_repr_is_short() -> None:
    assert len(repr(certificate(key()))) < 700


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda tail: b"\x30\x82" + tail)))
def test_garbage_is_no_certificate(data: bytes) -> None:
    with pytest.raises(Error, match=r"x\.cer"):
        Certificate.from_der(data, "“x.cer”")


def test_a_certificate_whose_name_is_no_text_is_refused() -> None:
    common_name, text, bits = bytes.fromhex("0603550403"), b"\x0c", b"\x03"
    with pytest.raises(IdentityError):
        Certificate.from_der(DER.replace(common_name + text, common_name + bits))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # serials below 0
@given(st.integers(0, 900), st.integers(1, 255))
def test_a_changed_certificate_is_read_or_refused(position: int, change: int) -> None:
    der = bytearray(DER)
    der[position % len(der)] ^= change
    with contextlib.suppress(IdentityError):
        Certificate.from_der(bytes(der))


DER = issue(key())


# The choice


def days(begins: int, ends: int, number: int = 0) -> Certificate:
    return certificate(key(number), begins=NOW + timedelta(days=begins), ends=NOW + timedelta(days=ends))


def test_the_one_that_lasts_longest_is_chosen() -> None:
    short, long, expired, later, foreign = (
        days(-10, 10),
        days(-300, 60),
        days(-400, -1),
        days(5, 400),
        days(-1, 500, 1),
    )
    assert choose([short, foreign, expired, long, later], key(), NOW) == long
    assert choose([foreign], key(1), NOW) == foreign


def test_of_equals_the_newest() -> None:
    old, new = days(-300, 60), days(-3, 60)
    assert choose([old, new], key(), NOW) == choose([new, old], key(), NOW) == new


@pytest.mark.parametrize(
    ("candidates", "reason"),
    [
        ([], r"No certificate belongs to the private key \(none was given\)"),
        ([days(-1, 500, 1)], r"No certificate belongs to the private key \(“Apple Distribution: Example"),
        ([days(-9, -2), days(-9, -1), days(-1, 500, 1)], "expired on 2026-04-30"),
        ([days(2, 9)], "begins only on 2026-05-03"),
    ],
)
def test_nothing_to_choose_is_explained(candidates: list[Certificate], reason: str) -> None:
    with pytest.raises(NoMatch, match=reason):
        choose(candidates, key(), NOW)
