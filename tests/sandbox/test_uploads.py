"""Build uploads as a client makes them: the record, the file, its parts, and the end of it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from asc_sandbox.plans import Processing
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.uploading import APP, NUMBERS, announce, commit, reserve, send, state, upload
from support.sandbox import app, build, ipa, key, seed, start_sandbox
from support.sandbox import upload as seeded

WORLD = seed(
    apps=[
        app(
            "com.example.app",
            id="1",
            builds=[build("2.0", "7")],
            uploads=[seeded("2.0", "9", "FAILED"), seeded("2.0", "8", platform="MAC_OS")],
        )
    ]
)
AT_ONCE = Processing(0)


def running(**options: Any) -> Any:
    return start_sandbox(WORLD, **{"processing": AT_ONCE, **options})


def test_an_upload_from_its_record_to_its_build() -> None:
    content = ipa(ITSAppUsesNonExemptEncryption=False)
    with running(part_size=100) as sandbox:
        client = Client(sandbox)
        answer = announce(client)
        assert answer.status == 201
        made = answer.document["data"]
        assert made["attributes"]["state"] == {
            "state": "AWAITING_UPLOAD",
            "errors": [],
            "warnings": [],
            "infos": [],
        }
        file = reserve(client, made["id"], len(content)).document["data"]
        operations = file["attributes"]["uploadOperations"]
        assert [each["partNumber"] for each in operations] == list(range(1, len(operations) + 1))
        assert sum(each["length"] for each in operations) == len(content)
        for operation in reversed(operations):
            part = content[operation["offset"] :][: operation["length"]]
            sent = client.put(operation, content)
            assert (sent.status, sent.body) == (200, b"")
            assert sent.headers["ETag"] == f'"{hashlib.md5(part).hexdigest()}"'
        assert commit(client, file["id"]).status == 200
        assert state(client, made["id"])["state"] == "COMPLETE"
        answer = client.get(f"/v1/buildUploads/{made['id']}", include="build,assetFile")
        assert [each["type"] for each in answer.document["included"]] == ["builds", "buildUploadFiles"]
        (new,) = client.get("/v1/builds", filter__version="1", include="preReleaseVersion").document["data"]
        assert (new["attributes"]["processingState"], new["attributes"]["usesNonExemptEncryption"]) == (
            "VALID",
            False,
        )
        delivered = sandbox.uploaded(made["id"])
        assert sandbox.delivered == (delivered,)
        assert (delivered.size, delivered.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert delivered.path.read_bytes() == content
    assert not delivered.path.parent.exists()


@pytest.mark.parametrize(
    ("numbers", "previous"),
    [
        ({"cfBundleVersion": "7"}, "9"),
        ({"cfBundleVersion": "9"}, "9"),
        ({"cfBundleVersion": "8", "platform": "MAC_OS"}, "8"),
        ({"cfBundleVersion": "8"}, "9"),
        ({"cfBundleVersion": "10"}, None),
        ({"cfBundleVersion": "7", "cfBundleShortVersionString": "2.1"}, None),
        ({"cfBundleVersion": "9.0", "cfBundleShortVersionString": "2.0.0"}, "9"),
        ({"cfBundleVersion": "8", "cfBundleShortVersionString": "2"}, "9"),
    ],
)
def test_a_number_is_used_up_by_uploads_and_builds_of_its_train(
    numbers: dict[str, str], previous: str | None
) -> None:
    with running() as sandbox:
        answer = announce(Client(sandbox), **{"cfBundleShortVersionString": "2.0", **numbers})
        if previous is None:
            assert answer.status == 201
            return
        assert (answer.status, answer.error["code"]) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE")
        assert answer.error["source"] == {"pointer": "/data/attributes/cfBundleVersion"}
        assert answer.error["meta"] == {"previousBundleVersion": previous}


def test_an_upload_that_is_deleted_gives_its_number_back() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        upload_id, file_id = send(client, ipa())
        assert announce(client).status == 409
        assert client.delete("buildUploads", upload_id).status == 204
        assert client.get(f"/v1/buildUploadFiles/{file_id}").status == 404
        assert client.delete("buildUploads", upload_id).status == 404
        assert announce(client).status == 201


@pytest.mark.parametrize(
    ("attributes", "pointer", "code"),
    [
        ({"fileSize": 0}, "fileSize", "INVALID"),
        ({"fileSize": "1"}, "fileSize", "TYPE"),
        ({"fileSize": None}, "fileSize", "REQUIRED"),
        ({"uti": "com.example.thing"}, "uti", "INVALID"),
        ({"colour": "red"}, "colour", "UNKNOWN"),
        ({"assetToken": "red"}, "assetToken", "NOT_ALLOWED"),
    ],
)
def test_files_that_are_not_taken(attributes: dict[str, Any], pointer: str, code: str) -> None:
    with running(expect_violations=True) as sandbox:
        client = Client(sandbox)
        answer = reserve(client, announce(client).document["data"]["id"], 1, **attributes)
        assert (answer.status, answer.error["code"]) == (409, f"ENTITY_ERROR.ATTRIBUTE.{code}")
        assert answer.error["source"] == {"pointer": f"/data/attributes/{pointer}"}


def test_an_upload_takes_one_file_of_a_kind() -> None:
    with running() as sandbox:
        client = Client(sandbox)
        upload_id = announce(client).document["data"]["id"]
        assert reserve(client, upload_id, 1).status == 201
        assert reserve(client, upload_id, 1).error["code"] == "STATE_ERROR.DUPLICATE"
        spi = {"assetType": "ASSET_SPI", "uti": "com.apple.binary-property-list"}
        assert reserve(client, upload_id, 1, **spi).status == 201
        assert len(client.get(f"/v1/buildUploads/{upload_id}/buildUploadFiles").ids()) == 2


def first_operation(sandbox: Sandbox, size: int = 10) -> tuple[Client, str, dict[str, Any]]:
    """A client, the id of the file, and how to send its first part."""
    client = Client(sandbox)
    file = reserve(client, announce(client).document["data"]["id"], size).document["data"]
    return client, file["id"], file["attributes"]["uploadOperations"][0]


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Authorization": "Bearer x"}, b"0123456789", 400, "InvalidArgument"),
        ({"Content_Type": None}, b"0123456789", 403, "SignatureDoesNotMatch"),
        ({"Content_Type": "application/zip"}, b"0123456789", 403, "SignatureDoesNotMatch"),
        ({"X_Sandbox_Part": None}, b"0123456789", 403, "SignatureDoesNotMatch"),
        ({"X_Sandbox_Part": "other"}, b"0123456789", 403, "SignatureDoesNotMatch"),
        ({}, b"012345678", 400, "IncompleteBody"),
        ({"Transfer_Encoding": "chunked"}, b"", 411, "MissingContentLength"),
    ],
)
def test_parts_that_are_refused(headers: Any, content: bytes, status: int, code: str) -> None:
    with running() as sandbox:
        client, file_id, operation = first_operation(sandbox)
        if "Transfer_Encoding" in headers:
            content = b"0\r\n\r\n"
        answer = client.put(operation, content, **headers)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/xml")
        assert f"<Code>{code}</Code>".encode() in answer.body
        assert sandbox.requests[-1].status == status
        assert "entityTag" not in operation_of(client, file_id)


def test_a_part_that_is_too_long() -> None:
    with running() as sandbox:
        client, _, operation = first_operation(sandbox)
        assert client.put({**operation, "length": 11}, b"0123456789X").status == 400


def operation_of(client: Client, file_id: str) -> dict[str, Any]:
    file = client.get(f"/v1/buildUploadFiles/{file_id}").document["data"]
    return dict(file["attributes"]["uploadOperations"][0])


def test_addresses_are_signed_and_expire_and_are_renewed() -> None:
    with running(part_lifetime=60) as sandbox:
        client, file_id, operation = first_operation(sandbox)
        forged = {**operation, "url": operation["url"].replace("expires=", "expires=9")}
        assert client.put(forged, bytes(10)).status == 403
        garbled = {**operation, "url": operation["url"] + "%C3%A9"}
        assert client.put(garbled, bytes(10)).status == 403
        unsigned = {**operation, "url": operation["url"].partition("?")[0]}
        assert client.put(unsigned, bytes(10)).status == 403
        assert client.put(operation, bytes(10)).status == 200
        assert operation_of(client, file_id)["url"] == operation["url"]
        sandbox.skip(60)
        assert client.put(operation, bytes(10)).status == 403
        renewed = operation_of(client, file_id)
        assert renewed["url"] != operation["url"]
        assert renewed["expiration"] > operation["expiration"]
        assert client.put(renewed, bytes(10)).status == 200


def test_a_part_may_be_sent_again_until_the_file_is_committed() -> None:
    with running(part_size=4) as sandbox:
        client, file_id, operation = first_operation(sandbox, 4)
        client.put(operation, b"AAAA")
        assert client.put(operation, b"BBBB").status == 200
        assert operation_of(client, file_id)["entityTag"] == hashlib.md5(b"BBBB").hexdigest()
        assert commit(client, file_id).status == 200
        assert sandbox.uploaded(file_id).path.read_bytes() == b"BBBB"
        assert client.put(operation, b"CCCC").status == 409
        answer = commit(client, file_id)
        assert answer.status == 200
        assert answer.document["data"]["attributes"]["uploadOperations"] is None


def test_a_file_whose_parts_are_missing_cannot_be_committed() -> None:
    with running(part_size=4) as sandbox:
        client, file_id, operation = first_operation(sandbox, 10)
        client.put(operation, b"AAAA")
        answer = commit(client, file_id)
        assert (answer.status, answer.error["code"]) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
        assert answer.error["source"] == {"pointer": "/data/attributes/uploaded"}
        assert "2, 3" in answer.error["detail"]


@pytest.mark.parametrize(("algorithm", "function"), [("MD5", hashlib.md5), ("SHA_256", hashlib.sha256)])
def test_checksums(algorithm: str, function: Any) -> None:
    content = ipa()
    with running() as sandbox:
        client = Client(sandbox)
        right = {"file": {"hash": function(content).hexdigest(), "algorithm": algorithm}}
        upload_id, file_id = send(client, content)
        assert commit(client, file_id, sourceFileChecksums=right).status == 200
        assert state(client, upload_id)["state"] == "COMPLETE"
    with running() as sandbox:
        client = Client(sandbox)
        wrong = {"file": {"hash": function(b"").hexdigest(), "algorithm": algorithm}}
        upload_id, file_id = send(client, content)
        answer = commit(client, file_id, sourceFileChecksums=wrong)
        assert answer.document["data"]["attributes"]["assetDeliveryState"]["state"] == "FAILED"
        failed = state(client, upload_id)
        assert (failed["state"], failed["errors"][0]["code"]) == ("FAILED", "CHECKSUM_MISMATCH")


@pytest.mark.parametrize(
    ("content", "attributes", "codes"),
    [
        (ipa(folder="Example/"), {}, []),
        (b"nonsense", {}, ["90013"]),
        (ipa(folder="a/b/"), {}, ["90018"]),
        (ipa("com.example.other"), {}, ["90054"]),
        (ipa(version="1.1"), {}, ["90062"]),
        (ipa(version="1.0.0", number="1.0"), {}, []),
        (ipa(number="2"), {}, ["90063"]),
        (ipa("com.example.other", "3.0", "2"), {}, ["90054", "90062", "90063"]),
        (b"xar!1234", {"uti": "com.apple.pkg"}, []),
        (b"zip!1234", {"uti": "com.apple.pkg"}, ["90013"]),
    ],
)
def test_what_the_file_says_about_itself(content: bytes, attributes: Any, codes: list[str]) -> None:
    with running() as sandbox:
        client = Client(sandbox)
        found = state(client, upload(client, content, **attributes))
        assert [each["code"] for each in found["errors"]] == codes
        assert found["state"] == ("FAILED" if codes else "COMPLETE")
        assert bool(client.get("/v1/builds", filter__version="1").ids()) != bool(codes)


def test_roles() -> None:
    keys = [key("DEVELOPER1", "DEVELOPER"), key("MARKETING1", "MARKETING"), key("SALES00001", "SALES")]
    with start_sandbox({**WORLD, "keys": keys}) as sandbox:
        assert announce(Client(sandbox, "MARKETING1")).status == 403
        assert announce(Client(sandbox, "SALES00001")).status == 403
        assert announce(Client(sandbox, "DEVELOPER1")).status == 201


def test_all_mistakes_stand_in_one_answer() -> None:
    with running(expect_violations=True) as sandbox:
        answer = Client(sandbox).post(
            "buildUploads", {"cfBundleVersion": 7, "platform": "SERVICES"}, app=("apps", "2"), other=APP
        )
        assert [(each["code"], each["source"]["pointer"]) for each in answer.document["errors"]] == [
            ("ENTITY_ERROR.ATTRIBUTE.REQUIRED", "/data/attributes/cfBundleShortVersionString"),
            ("ENTITY_ERROR.ATTRIBUTE.TYPE", "/data/attributes/cfBundleVersion"),
            ("ENTITY_ERROR.ATTRIBUTE.INVALID", "/data/attributes/platform"),
            ("ENTITY_ERROR.RELATIONSHIP.INVALID", "/data/relationships/app"),
            ("ENTITY_ERROR.RELATIONSHIP.UNKNOWN", "/data/relationships/other"),
        ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 422, "ENTITY_UNPROCESSABLE"),
        ({}, 422, "ENTITY_UNPROCESSABLE"),
        ({"data": {"type": "builds", "attributes": NUMBERS}}, 409, "ENTITY_ERROR.TYPE.INVALID"),
        ({"data": {"type": "buildUploads", "attributes": []}}, 422, "ENTITY_UNPROCESSABLE"),
        (
            {"data": {"type": "buildUploads", "attributes": NUMBERS}},
            409,
            "ENTITY_ERROR.RELATIONSHIP.REQUIRED",
        ),
    ],
)
def test_bodies_that_are_no_documents(body: Any, status: int, code: str) -> None:
    with running(expect_violations=True) as sandbox:
        answer = Client(sandbox).request("POST", "/v1/buildUploads", body)
        assert (answer.status, answer.error["code"]) == (status, code)


def test_a_body_belongs_to_the_path() -> None:
    with running(expect_violations=True) as sandbox:
        client, file_id, _ = first_operation(sandbox)
        body = {"data": {"type": "buildUploadFiles", "id": "other"}}
        answer = client.request("PATCH", f"/v1/buildUploadFiles/{file_id}", body)
        assert (answer.status, answer.error["code"]) == (409, "ENTITY_ERROR.ID.INVALID")
        assert client.request("PATCH", "/v1/buildUploadFiles/other", body).status == 404


def test_a_part_of_64_mib_is_stored_whole() -> None:
    size = 64 * 1024 * 1024
    with running(part_size=size) as sandbox:
        client, file_id, operation = first_operation(sandbox, size)
        assert client.put(operation, bytes(size)).status == 200
        assert operation_of(client, file_id)["entityTag"] == hashlib.md5(bytes(size)).hexdigest()


def test_an_ignored_deletion_or_commit_leaves_the_file_as_it_was() -> None:
    faults = ["DELETE /v1/buildUploads/* ignored", "PATCH /v1/buildUploadFiles/* ignored"]
    content = ipa()
    with running(faults=faults) as sandbox:
        client = Client(sandbox)
        upload_id, file_id = send(client, content)
        assert client.delete("buildUploads", upload_id).status == 204
        assert commit(client, file_id).status == 200
        assert state(client, upload_id)["state"] == "AWAITING_UPLOAD"
        assert commit(client, file_id).status == 200
        assert state(client, upload_id)["state"] == "COMPLETE"
        assert sandbox.uploaded(file_id).path.read_bytes() == content
