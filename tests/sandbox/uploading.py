"""An upload from its record to its end, step by step."""

from __future__ import annotations

from typing import Any

from sandbox.client import Client, Json, Response

NUMBERS = {"cfBundleShortVersionString": "1.0", "cfBundleVersion": "1", "platform": "IOS"}
APP = ("apps", "1")


def announce(client: Client, **numbers: str) -> Response:
    """POST the record of an upload: version 1.0, build number 1, unless told otherwise."""
    return client.post("buildUploads", {**NUMBERS, **numbers}, app=APP)


def reserve(client: Client, upload_id: str, size: int, **attributes: Any) -> Response:
    """POST the file of an upload."""
    usual = {"assetType": "ASSET", "fileName": "Example.ipa", "fileSize": size, "uti": "com.apple.ipa"}
    return client.post("buildUploadFiles", {**usual, **attributes}, buildUpload=("buildUploads", upload_id))


def send(client: Client, content: bytes, **attributes: Any) -> tuple[str, str]:
    """An upload with all parts of its file sent; the ids of both."""
    upload_id = announce(client).document["data"]["id"]
    file = reserve(client, upload_id, len(content), **attributes).document["data"]
    for operation in file["attributes"]["uploadOperations"]:
        assert client.put(operation, content).status == 200
    return upload_id, file["id"]


def commit(client: Client, file_id: str, **attributes: Any) -> Response:
    """PATCH a file as uploaded."""
    return client.patch("buildUploadFiles", file_id, uploaded=True, **attributes)


def upload(client: Client, content: bytes, **attributes: Any) -> str:
    """The id of an upload whose file has been sent and committed."""
    upload_id, file_id = send(client, content, **attributes)
    assert commit(client, file_id).status == 200
    return upload_id


def state(client: Client, upload_id: str) -> Json:
    """The state of an upload."""
    return dict(client.get(f"/v1/buildUploads/{upload_id}").document["data"]["attributes"]["state"])
