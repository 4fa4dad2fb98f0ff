"""Certificates: issued for signing requests, limited, revoked."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, ExtendedKeyUsage, KeyUsage, ObjectIdentifier
from cryptography.x509.oid import NameOID

from asc_sandbox.authority.issuing import Authority
from asc_sandbox.authority.kinds import KINDS, Limits
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.signing import certificate_of, make_profile, order, request_for, rsa_key
from support.sandbox import key, seed, start_sandbox

HOLDER = seed(
    keys=[key("HOLDER0001", role="ACCOUNT_HOLDER"), key("ADMIN00001"), key("DEVEL00001", "DEVELOPER")]
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Sandbox]:
    with start_sandbox() as running:
        yield running


def subject(certificate: Certificate, oid: ObjectIdentifier) -> Any:
    return certificate.subject.get_attributes_for_oid(oid)[0].value


def test_a_certificate_is_issued_for_the_key_of_the_request() -> None:
    with start_sandbox() as sandbox:
        client = Client(sandbox)
        answer = order(client)
        assert answer.status == 201
        made = answer.document["data"]
        certificate = certificate_of(made)
        assert certificate.public_key() == rsa_key().public_key()
        assert subject(certificate, NameOID.COMMON_NAME) == "Apple Distribution: Example Team (A1B2C3D4E5)"
        assert subject(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME) == "A1B2C3D4E5"
        assert subject(certificate, NameOID.USER_ID) == "A1B2C3D4E5"
        assert made["attributes"] == {
            "name": "Apple Distribution: Example Team",
            "certificateType": "DISTRIBUTION",
            "displayName": "Example Team",
            "serialNumber": f"{certificate.serial_number:032X}",
            "platform": None,
            "expirationDate": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S.000+0000}",
            "certificateContent": made["attributes"]["certificateContent"],
            "activated": True,
        }
        assert len(made["id"]) == 10
        again = client.get(f"/v1/certificates/{made['id']}").document["data"]
        assert again["attributes"] == made["attributes"]


@pytest.mark.parametrize(
    ("certificate_type", "common_name", "name", "days"),
    [
        ("DEVELOPMENT", "Apple Development: Created via API (E5D4C3B2A1)", "Apple Development", 365),
        ("DISTRIBUTION", "Apple Distribution: Example Team (A1B2C3D4E5)", "Apple Distribution", 365),
        ("IOS_DEVELOPMENT", "iPhone Developer: Created via API (E5D4C3B2A1)", "iOS Development", 365),
        ("IOS_DISTRIBUTION", "iPhone Distribution: Example Team (A1B2C3D4E5)", "iOS Distribution", 365),
        (
            "MAC_INSTALLER_DISTRIBUTION",
            "3rd Party Mac Developer Installer: Example Team (A1B2C3D4E5)",
            "Mac Installer Distribution",
            365,
        ),
        (
            "DEVELOPER_ID_APPLICATION",
            "Developer ID Application: Example Team (A1B2C3D4E5)",
            "Developer ID Application",
            5 * 365,
        ),
    ],
)
def test_types_differ_in_name_and_lifetime(
    certificate_type: str, common_name: str, name: str, days: int
) -> None:
    with start_sandbox(HOLDER) as sandbox:
        made = order(Client(sandbox), certificate_type).document["data"]
        certificate = certificate_of(made)
        assert subject(certificate, NameOID.COMMON_NAME) == common_name
        assert subject(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME) == "A1B2C3D4E5"
        assert made["attributes"]["name"].partition(":")[0] == name
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=days)


def test_the_usage_is_code_signing_and_the_marks_are_apples() -> None:
    issued = Authority().issue(rsa_key().public_key(), "IOS_DISTRIBUTION")
    certificate = certificate_of({"attributes": issued.as_record()})
    extensions = certificate.extensions
    assert [each.dotted_string for each in extensions.get_extension_for_class(ExtendedKeyUsage).value] == [
        "1.3.6.1.5.5.7.3.3"
    ]
    assert extensions.get_extension_for_class(KeyUsage).value.digital_signature
    assert extensions.get_extension_for_oid(ObjectIdentifier("1.2.840.113635.100.6.1.4")).critical


@pytest.mark.parametrize("certificate_type", KINDS)
def test_openssl_finds_the_way_to_the_root(certificate_type: str, tmp_path: Path) -> None:
    authority = Authority()
    issued = authority.issue(rsa_key().public_key(), certificate_type)
    certificate = certificate_of({"attributes": issued.as_record()})
    (tmp_path / "own.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "chain.pem").write_bytes(authority.chain())
    command = ["openssl", "verify", "-ignore_critical", "-CAfile", "chain.pem", "own.pem"]
    assert run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout == "own.pem: OK\n"


@pytest.mark.parametrize("form", ["with lines", "without lines", "in one line"])
def test_forms_of_a_request(form: str) -> None:
    csr = request_for()
    if form != "with lines":
        csr = "\n".join(csr.splitlines()[1:-1])
    with start_sandbox() as sandbox:
        answer = order(Client(sandbox), csr=csr.replace("\n", "") if form == "in one line" else csr)
        assert answer.status == 201


def wrongly_signed() -> str:
    der = bytearray(base64.b64decode("".join(request_for().splitlines()[1:-1])))
    der[-1] ^= 1
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    ("csr", "why"),
    [
        (lambda: "no request", "it is not a PKCS#10 request in PEM"),
        (lambda: base64.b64encode(b"no request").decode(), "it is not a PKCS#10 request in PEM"),
        (lambda: request_for(ec.generate_private_key(ec.SECP256R1())), "not an RSA key of 2048 bits"),
        (lambda: request_for(rsa.generate_private_key(65537, 1024)), "not an RSA key of 2048 bits"),
        (wrongly_signed, "its signature is wrong"),
    ],
)
def test_requests_that_apple_does_not_take(csr: Any, why: str, demo: Sandbox) -> None:
    answer = order(Client(demo), csr=csr())
    assert (answer.status, answer.error["code"]) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
    assert answer.error["source"] == {"pointer": "/data/attributes/csrContent"}
    assert why in answer.error["detail"]


def test_types_that_need_more_than_a_key_are_not_played(demo: Sandbox) -> None:
    assert order(Client(demo), "PASS_TYPE_ID").status == 501
    body = {"csrContent": request_for(), "certificateType": "APPLE_PAY"}
    assert Client(demo).post("certificates", body, merchantId=("merchantIds", "M")).status == 501


@pytest.mark.parametrize(
    ("certificate_type", "most", "named"),
    [
        ("DISTRIBUTION", 3, "Distribution"),
        ("IOS_DISTRIBUTION", 2, "iOS Distribution"),
        ("DEVELOPER_ID_APPLICATION", 5, "Developer ID Application"),
    ],
)
def test_a_team_has_so_many_of_a_type(certificate_type: str, most: int, named: str) -> None:
    with start_sandbox(HOLDER) as sandbox:
        client = Client(sandbox)
        answers = [order(client, certificate_type) for _ in range(most + 1)]
        assert [each.status for each in answers] == [201] * most + [409]
        assert (answers[-1].error["code"], answers[-1].error["detail"]) == (
            "ENTITY_ERROR",
            f"You already have a current {named} certificate or a pending certificate request.",
        )
        assert client.delete("certificates", answers[0].document["data"]["id"]).status == 204
        assert order(client, certificate_type).status == 201


def test_development_certificates_count_for_each_key() -> None:
    with start_sandbox(HOLDER, limits=Limits({"DEVELOPMENT": 1})) as sandbox:
        developer, admin = Client(sandbox, "DEVEL00001"), Client(sandbox, "ADMIN00001")
        assert [order(each, "DEVELOPMENT").status for each in (developer, admin, developer)] == [
            201,
            201,
            409,
        ]


def test_expired_certificates_do_not_count() -> None:
    old = Authority().issue(rsa_key().public_key(), not_after=datetime.now(UTC) - timedelta(hours=1))
    with start_sandbox(seed(certificates=[old.as_record()]), limits=Limits({"DISTRIBUTION": 1})) as sandbox:
        client = Client(sandbox)
        assert [order(client).status for _ in range(2)] == [201, 409]
        assert len(client.get("/v1/certificates").ids()) == 2  # it stays listed


def test_developer_id_is_for_the_account_holder() -> None:
    with start_sandbox(HOLDER) as sandbox:
        answer = order(Client(sandbox, "ADMIN00001"), "DEVELOPER_ID_APPLICATION")
        assert (answer.status, answer.error["code"]) == (403, "FORBIDDEN_ERROR.ACCOUNT_HOLDER")
        assert order(Client(sandbox), "DEVELOPER_ID_APPLICATION").status == 201


def test_a_developer_gets_development_certificates_only() -> None:
    with start_sandbox(HOLDER) as sandbox:
        developer = Client(sandbox, "DEVEL00001")
        assert [order(developer, each).status for each in ("DEVELOPMENT", "DISTRIBUTION")] == [201, 403]


def test_a_revoked_certificate_takes_its_profiles_along() -> None:
    with start_sandbox(seed(bundleIds=[{"id": "EXAMPLE", "identifier": "com.example.app"}])) as sandbox:
        client = Client(sandbox)
        first, second = (order(client).document["data"]["id"] for _ in range(2))
        for name, certificate in (("one", first), ("two", second)):
            assert make_profile(client, name=name, certificates=(certificate,)).status == 201
        assert client.delete("certificates", first).status == 204
        assert client.get(f"/v1/certificates/{first}").status == 404
        assert client.get("/v1/profiles", filter__profileState="INVALID").attribute("name") == ["one"]
        assert client.get("/v1/profiles", filter__profileState="ACTIVE").attribute("name") == ["two"]
        assert client.delete("certificates", first).status == 404


def test_a_certificate_is_activated_and_deactivated(demo: Sandbox) -> None:
    client = Client(demo)
    for value in (False, True):
        answer = client.patch("certificates", "CERTIFIC01", activated=value)
        assert answer.document["data"]["attributes"]["activated"] is value


def test_certificates_of_a_seed_are_real_and_stay_the_same(demo: Sandbox) -> None:
    client = Client(demo)
    first, second = (client.get("/v1/certificates/CERTIFIC01").document["data"] for _ in range(2))
    assert first == second
    certificate = certificate_of(first)
    assert f"{certificate.serial_number:016X}" == first["attributes"]["serialNumber"] == "0A1B2C3D4E5F6071"
    until = datetime.fromisoformat(first["attributes"]["expirationDate"])
    assert certificate.not_valid_after_utc == until
    public_key = certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == 2048


def test_certificates_of_a_seed_have_serial_numbers_that_filters_find() -> None:
    kinds = [{"certificateType": "DEVELOPMENT"}, {"certificateType": "DISTRIBUTION"}]
    with start_sandbox(seed(certificates=kinds)) as sandbox:
        client = Client(sandbox)
        listed = client.get("/v1/certificates")
        first, second = listed.attribute("serialNumber")
        assert first != second
        assert client.get("/v1/certificates", filter__serialNumber=second).ids() == listed.ids()[1:]
        assert listed.attribute("displayName") == ["Created via API", "Example Team"]


def test_a_seed_brings_certificates_of_its_own_key() -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    issued = Authority().issue(request_for(), "IOS_DISTRIBUTION", not_after=soon)
    bare = {
        "certificateType": "IOS_DISTRIBUTION",
        "certificateContent": issued.as_record()["certificateContent"],
    }
    with start_sandbox(seed(certificates=[issued.as_record(), bare])) as sandbox:
        whole, read = Client(sandbox).get("/v1/certificates").document["data"]
        assert whole["attributes"] == read["attributes"]
        assert certificate_of(whole).public_key() == rsa_key().public_key()
        assert certificate_of(whole).not_valid_after_utc == soon
        added = sandbox.authority.issue(request_for(), not_before=soon - timedelta(days=800), not_after=soon)
        record = sandbox.world.add("certificates", added.as_record())
        assert Client(sandbox).get(f"/v1/certificates/{record.id}").status == 200


def test_a_content_of_a_seed_that_is_none_is_given_as_it_is() -> None:
    with start_sandbox(seed(certificates=[{"certificateContent": "bm9uZQ=="}])) as sandbox:
        assert Client(sandbox).get("/v1/certificates").attribute("certificateContent") == ["bm9uZQ=="]


@pytest.mark.parametrize("refused", ["DEVELOPER_ID_APPLICATION_G2", "DEVELOPER_ID_KEXT_G2"])
def test_types_of_the_document_that_apple_refuses_are_refused(refused: str) -> None:
    with start_sandbox(HOLDER) as sandbox:
        client = Client(sandbox)
        asked = client.get("/v1/certificates", filter__certificateType=refused)
        assert (asked.status, order(client, refused).status) == (400, 409)
