"""The symbols of builds: links that are signed and expire, archives that are whole, ranges, and who has none."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest

from asc_sandbox.plans import Processing
from asc_sandbox.samples.bundle import App
from asc_sandbox.symbols.programs import identity_of
from sandbox.client import Client, Response
from sandbox.uploading import upload
from support.sandbox import app, build, ipa, seed, start_sandbox

WORLD = seed(
    apps=[
        app(
            "com.example.app",
            id="1",
            builds=[
                build("1.0", "7", id="b7", buildBundles=[{"id": "one"}]),
                build("1.0", "8", "PROCESSING", id="b8", buildBundles=[{}]),
                build("1.0", "9", id="b9", buildBundles=[{"includesSymbols": False}]),
                build("1.0", "10", id="b10"),
            ],
        )
    ]
)


def bundles(client: Client, build_id: str) -> list[Any]:
    answer = client.get(f"/v1/builds/{build_id}", include="buildBundles")
    return [each["attributes"] for each in answer.document["included"] if each["type"] == "buildBundles"]


def link(client: Client, build_id: str = "b7") -> str:
    (bundle,) = bundles(client, build_id)
    return str(bundle["dSYMUrl"])


def fetch(client: Client, url: str, method: str = "GET", **headers: str) -> Response:
    address = urlsplit(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client.connection.request(method, f"{address.path}?{address.query}", headers=named)
    response = client.connection.getresponse()
    return Response(response.status, response.headers, response.read(), None)


def test_who_has_symbols() -> None:
    with start_sandbox(WORLD) as sandbox:
        client = Client(sandbox)
        assert [bundle["bundleId"] for bundle in bundles(client, "b7")] == ["com.example.app"]
        assert link(client).startswith(f"{sandbox.url}/symbols/one/")
        assert [bundle["dSYMUrl"] for bundle in bundles(client, "b8")] == [None]
        assert [bundle["dSYMUrl"] for bundle in bundles(client, "b9")] == [None]
        assert bundles(client, "b10") == []


def test_an_archive_is_whole_and_has_the_uuid_of_a_sample_with_the_same_numbers() -> None:
    with start_sandbox(WORLD) as sandbox:
        client = Client(sandbox)
        answer = fetch(client, link(client))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        info, companion = archive.namelist()
        assert info == "App.app.dSYM/Contents/Info.plist"
        found = identity_of(archive.read(companion))
    assert found == identity_of(App("com.example.app", "1.0", "7").executable())


def test_links_are_signed_and_expire() -> None:
    with start_sandbox(WORLD, link_lifetime=60) as sandbox:
        client = Client(sandbox)
        good = link(client)
        assert fetch(client, good).status == 200
        # A signature that is not ASCII is only a wrong one.
        others = (good[:-1] + "x", good[:-1] + "%C3%BC", good.partition("?")[0])
        for bad in (*others, good.replace("/one/", "/two/"), good.replace("expires=", "expires=9")):
            assert fetch(client, bad).status == 403
        sandbox.skip(60)
        over = fetch(client, good)
        assert (over.status, over.headers["Content-Type"]) == (403, "application/xml")
        assert fetch(client, link(client)).status == 200


def test_a_token_does_not_belong_with_a_link() -> None:
    with start_sandbox(WORLD) as sandbox:
        client = Client(sandbox)
        assert fetch(client, link(client), Authorization="Bearer x").status == 400
        assert fetch(client, link(client), method="DELETE").status == 405


def test_ranges() -> None:
    with start_sandbox(WORLD) as sandbox:
        client = Client(sandbox)
        url = link(client)
        whole = fetch(client, url)
        size, tag = len(whole.body), whole.headers["ETag"]
        assert whole.headers["Accept-Ranges"] == "bytes"
        rest = fetch(client, url, Range="bytes=100-", If_Range=tag)
        assert (rest.status, rest.body) == (206, whole.body[100:])
        assert rest.headers["Content-Range"] == f"bytes 100-{size - 1}/{size}"
        some = fetch(client, url, Range="bytes=5-9")
        assert (some.status, some.body) == (206, whole.body[5:10])
        assert fetch(client, url, Range="bytes=100-", If_Range='"other"').status == 200
        beyond = fetch(client, url, Range=f"bytes={size}-")
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_padding_makes_archives_larger() -> None:
    with start_sandbox(WORLD, symbols_padding=3_000_000) as sandbox:
        client = Client(sandbox)
        answer = fetch(client, link(client))
    assert len(answer.body) > 3_000_000
    assert zipfile.ZipFile(io.BytesIO(answer.body)).testzip() is None


def test_an_uploaded_build_has_a_bundle_though_nothing_in_it_can_be_read() -> None:
    with start_sandbox(seed(apps=[app("com.example.app", id="1")]), processing=Processing(0)) as sandbox:
        client = Client(sandbox)
        upload(client, ipa(number="1"))
        (new,) = client.get("/v1/builds", filter__version="1").ids()
        assert fetch(client, link(client, new)).status == 200


@pytest.mark.parametrize(("fault", "length"), [("short", 0.5), ("damage", 1)])
def test_faults_of_archives(fault: str, length: float) -> None:
    with start_sandbox(WORLD) as sandbox:
        client = Client(sandbox)
        whole = fetch(client, link(client)).body
        sandbox.add_fault(f"GET /symbols/*/* {fault}")
        answer = fetch(client, link(client))
    assert (answer.status, len(answer.body)) == (200, int(len(whole) * length))
    assert answer.body != whole
