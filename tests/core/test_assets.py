"""Screenshots, previews and attachments: reserved once, sent, committed with their checksum, and delivered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asc.api.client import Client
from asc.api.object_store import ObjectStore
from asc.assets.source import Source
from asc.assets.upload import SCREENSHOT, AssetUploader, read_asset
from asc.errors import Error
from asc_sandbox.server import Sandbox
from sandbox.client import Client as Browser
from sandbox.store import make_set, png, running
from support.api_client import connect
from support.waiting import wait_until


@contextmanager
def uploading(sandbox: Sandbox) -> Iterator[tuple[Client, AssetUploader, str]]:
    """A client, an uploader, and the id of an empty set of screenshots."""
    group = make_set(Browser(sandbox)).document["data"]["id"]
    with connect(sandbox) as client:
        storage = ObjectStore(client.settings, client.clock, 2, client.traffic.time_there)
        try:
            yield client, AssetUploader(client, storage, 2), group
        finally:
            storage.close()


def picture(folder: Path, name: str = "1.png", shade: int = 0) -> Path:
    path = folder / name
    path.write_bytes(png(shade=shade))
    return path


def listed(client: Client, group: str) -> list[str]:
    return [found.id for found in client.list(f"/v1/appScreenshotSets/{group}/appScreenshots").data]


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "POST /v1/appScreenshots lost",
        "POST /v1/appScreenshots reset",
        "PATCH /v1/appScreenshots/* lost",
        "PATCH /v1/appScreenshots/* reset",
        "GET /v1/appScreenshots/* status=404",
        "PUT /uploads/*/* status=403",
    ],
)
def test_a_screenshot_arrives_once_whatever_goes_wrong(tmp_path: Path, fault: str) -> None:
    with running(faults=[fault] if fault else []) as sandbox, uploading(sandbox) as (client, uploader, group):
        with Source(picture(tmp_path)) as source:
            file = uploader.send(SCREENSHOT, source, uploader.reserve(SCREENSHOT, group, source))
            md5 = source.md5(0, source.size)
        assert listed(client, group) == [file.id]
        wait_until(lambda: read_asset(client, "appScreenshots", file.id).delivered)
        assert read_asset(client, "appScreenshots", file.id).checksums == {"MD5": md5}


def test_a_reservation_of_an_earlier_run_is_continued(tmp_path: Path) -> None:
    with running() as sandbox, uploading(sandbox) as (client, uploader, group):
        with Source(picture(tmp_path)) as source:
            begun = uploader.reserve(SCREENSHOT, group, source)
            file = uploader.send(SCREENSHOT, source, begun)
        assert (listed(client, group), file.committed) == ([begun.id], True)


def test_a_picture_that_changes_while_it_is_sent_is_not_committed(tmp_path: Path) -> None:
    path = picture(tmp_path)
    with running() as sandbox, uploading(sandbox) as (_, uploader, group):
        with Source(path) as source:
            begun = uploader.reserve(SCREENSHOT, group, source)
            path.write_bytes(png(shade=200))
            with pytest.raises(Error, match=r"1\.png"):
                uploader.send(SCREENSHOT, source, begun)
        assert not any(entry.method == "PATCH" for entry in sandbox.requests)
