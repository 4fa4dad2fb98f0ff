"""Filters, sorting, paging, includes and fields, as a client sees them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from asc_sandbox.server import Sandbox
from sandbox.client import Client, Response
from support.sandbox import app, build, seed, start_sandbox, store_version, upload

WORLD = seed(
    apps=[
        app(
            "com.example.app",
            id="1",
            builds=[
                build("1.0", "9", id="b9", uploadedDate="2026-01-01T10:00:00-08:00"),
                build("1.0", "10", "PROCESSING", id="b10", uploadedDate="2026-01-01T09:00:00-09:00"),
                build("1.1", "11", id="b11", expired=True, usesNonExemptEncryption=False),
                build("1.1", "11", id="m11", platform="MAC_OS"),
            ],
            uploads=[
                upload("1.1", "12", "FAILED", id="u12"),
                upload("1.1", "11", id="u11", build="b11"),
                upload("1.0", "9", id="u9", platform="MAC_OS"),
            ],
            versions=[store_version("1.0", build="b9", id="v1")],
        ),
        app("com.example.APP2", id="2", builds=[build("3.0", "1", id="other")]),
    ]
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(WORLD) as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({}, ["b9", "b10", "b11", "m11", "other"]),
        ({"filter__app": "1"}, ["b9", "b10", "b11", "m11"]),
        ({"filter__app": "1,2", "filter__version": "1,9"}, ["b9", "other"]),
        ({"filter__preReleaseVersion__version": "1.1"}, ["b11", "m11"]),
        ({"filter__preReleaseVersion__platform": "MAC_OS"}, ["m11"]),
        ({"filter__processingState": "PROCESSING,FAILED"}, ["b10"]),
        ({"filter__expired": "true"}, ["b11"]),
        ({"filter__id": "m11,b9"}, ["b9", "m11"]),
        ({"filter__appStoreVersion": "v1"}, ["b9"]),
        ({"exists__usesNonExemptEncryption": "true"}, ["b11"]),
        ({"filter__app": "3"}, []),
    ],
)
def test_filters_of_builds(client: Client, parameters: dict[str, str], ids: list[str]) -> None:
    assert client.get("/v1/builds", **parameters).ids() == ids


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("version", ["other", "b10", "b11", "m11", "b9"]),
        ("-version", ["b9", "b11", "m11", "b10", "other"]),
        ("-preReleaseVersion,version", ["other", "b11", "m11", "b10", "b9"]),
    ],
)
def test_versions_sort_as_text(client: Client, sort: str, ids: list[str]) -> None:
    assert client.get("/v1/builds", sort=sort).ids() == ids


def test_dates_sort_by_time_and_not_as_text(client: Client) -> None:
    assert client.get("/v1/builds", filter__id="b9,b10", sort="uploadedDate").ids() == ["b9", "b10"]


def test_bundle_id_finds_more_than_the_exact_text(client: Client) -> None:
    assert client.get("/v1/apps", filter__bundleId="com.example.app").ids() == ["1", "2"]


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({"filter__state": "FAILED"}, ["u12"]),
        ({"filter__cfBundleShortVersionString": "1.1"}, ["u12", "u11"]),
        ({"filter__cfBundleVersion": "9", "filter__platform": "IOS"}, []),
        ({"sort": "cfBundleVersion"}, ["u11", "u12", "u9"]),
        ({"sort": "-uploadedDate", "filter__state": "COMPLETE,FAILED"}, ["u12", "u11", "u9"]),
    ],
)
def test_build_uploads_of_an_app(client: Client, parameters: dict[str, str], ids: list[str]) -> None:
    assert sorted(client.get("/v1/apps/1/buildUploads", **parameters).ids()) == sorted(ids)


def test_all_attributes_are_shown_and_unset_ones_are_null(client: Client) -> None:
    attributes = client.get("/v1/builds/b9").document["data"]["attributes"]
    assert attributes["version"] == "9"
    assert attributes["usesNonExemptEncryption"] is None
    assert len(attributes) == 12


def test_relationships_have_links_and_data_only_when_included(sandbox: Sandbox, client: Client) -> None:
    plain = client.get("/v1/builds/b9").document
    assert plain["data"]["relationships"]["app"] == {
        "links": {
            "self": f"{sandbox.url}/v1/builds/b9/relationships/app",
            "related": f"{sandbox.url}/v1/builds/b9/app",
        }
    }
    assert "included" not in plain

    with_app = client.get("/v1/builds/b9", include="app,appStoreVersion,buildUpload").document
    assert with_app["data"]["relationships"]["app"]["data"] == {"type": "apps", "id": "1"}
    assert with_app["data"]["relationships"]["buildUpload"] == {"data": None}
    assert [record["id"] for record in with_app["included"]] == ["1", "v1"]


def test_fields_cut_attributes_and_relationships(client: Client) -> None:
    answer = client.get(
        "/v1/builds", filter__id="b9", fields__builds="version,app", include="app", fields__apps="name"
    )
    (record,) = answer.document["data"]
    assert record["attributes"] == {"version": "9"}
    assert list(record["relationships"]) == ["app"]
    assert answer.document["included"][0]["attributes"] == {"name": "App"}


def test_an_included_relationship_that_fields_leave_out_has_no_data(client: Client) -> None:
    answer = client.get("/v1/builds", filter__id="b9", fields__builds="version", include="preReleaseVersion")
    assert "relationships" not in answer.document["data"][0]
    assert len(answer.document["included"]) == 1


def test_included_lists_are_capped_and_tell_the_total(client: Client) -> None:
    answer = client.get("/v1/apps/1", include="builds", limit__builds="3")
    builds = answer.document["data"]["relationships"]["builds"]
    assert builds["meta"] == {"paging": {"total": 4, "limit": 3}}
    assert len(builds["data"]) == len(answer.document["included"]) == 3


def test_each_included_record_appears_once(client: Client) -> None:
    answer = client.get("/v1/builds", filter__app="1", include="app")
    assert len(answer.document["included"]) == 1


def test_a_relationship_leads_to_one_record(client: Client) -> None:
    assert client.get("/v1/builds/other/app").document["data"]["id"] == "2"
    assert client.get("/v1/builds/b9/preReleaseVersion").document["data"]["attributes"]["version"] == "1.0"


def test_450_builds_in_pages() -> None:
    numbers = [str(number) for number in range(450)]
    world = seed(apps=[app("com.example.app", id="1", builds=[build("1.0", number) for number in numbers])])
    with start_sandbox(world) as sandbox:
        client = Client(sandbox)
        pages = list(
            _pages(client, client.get("/v1/builds", filter__app="1", limit="200", fields__builds="version"))
        )
        assert [len(page.document["data"]) for page in pages] == [200, 200, 50]
        assert [version for page in pages for version in page.attribute("version")] == numbers
        assert {page.document["meta"]["paging"]["total"] for page in pages} == {450}
        assert len(client.get("/v1/apps/1/builds").document["data"]) == 50


def _pages(client: Client, page: Response) -> Iterator[Response]:
    yield page
    while following := page.document["links"].get("next"):
        address = urlsplit(following)
        page = client.request("GET", f"{address.path}?{address.query}")
        yield page


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        ("/v1/builds?colour=red", "PARAMETER_ERROR.ILLEGAL", "colour"),
        ("/v1/builds?filter[app.bundleId]=x", "PARAMETER_ERROR.ILLEGAL", "filter[app.bundleId]"),
        ("/v1/builds?exists[version]=true", "PARAMETER_ERROR.ILLEGAL", "exists[version]"),
        ("/v1/builds?fields[users]=username", "PARAMETER_ERROR.ILLEGAL", "fields[users]"),
        ("/v1/builds?limit[app]=1", "PARAMETER_ERROR.ILLEGAL", "limit[app]"),
        ("/v1/apps/1/builds?sort=-version", "PARAMETER_ERROR.ILLEGAL", "sort"),
        ("/v1/apps/1/builds?include=app", "PARAMETER_ERROR.ILLEGAL", "include"),
        ("/v1/builds/b9?limit=1", "PARAMETER_ERROR.ILLEGAL", "limit"),
        ("/v1/builds?include=app.builds", "PARAMETER_ERROR.INVALID", "include"),
        ("/v1/builds?sort=expired", "PARAMETER_ERROR.INVALID", "sort"),
        ("/v1/builds?limit=201", "PARAMETER_ERROR.INVALID", "limit"),
        ("/v1/builds?limit=0", "PARAMETER_ERROR.INVALID", "limit"),
        ("/v1/apps?limit[builds]=51", "PARAMETER_ERROR.INVALID", "limit[builds]"),
        ("/v1/builds?fields[builds]=colour", "PARAMETER_ERROR.INVALID", "fields[builds]"),
        ("/v1/builds?filter[processingState]=DONE", "PARAMETER_ERROR.INVALID", "filter[processingState]"),
        (
            "/v1/builds?exists[usesNonExemptEncryption]=1",
            "PARAMETER_ERROR.INVALID",
            "exists[usesNonExemptEncryption]",
        ),
        ("/v1/builds?filter[app]=1&filter[app]=2", "PARAMETER_ERROR.INVALID", "filter[app]"),
    ],
)
def test_parameters_are_refused_as_apple_does(path: str, code: str, parameter: str) -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        answer = Client(sandbox).get(path)
        assert (answer.status, answer.error["code"]) == (400, code)
        assert answer.error["source"] == {"parameter": parameter}
        assert [violation.by for violation in sandbox.violations] == ["client"]


@pytest.mark.parametrize(
    "path",
    ["/v1/builds?cursor=nonsense", "/v1/builds?cursor=YXQ6LTE", "/v1/apps/1/buildUploads?sort=-uploadedDate"],
)
def test_what_apples_document_does_not_say_is_refused_too(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status, answer.error["code"]) == (400, "PARAMETER_ERROR.INVALID")


def test_unknown_ids_paths_and_methods() -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        client = Client(sandbox)
        missing = client.get("/v1/apps/9")
        assert (missing.status, missing.error["code"]) == (404, "NOT_FOUND")
        assert missing.error["detail"] == "There is no resource of type 'apps' with id '9'"
        assert client.get("/v1/apps/9/builds").status == 404
        assert client.get("/v1/nothing").status == 404
        assert client.request("DELETE", "/v1/apps").status == 403
        assert client.get("/v1/builds", include="icons").error["code"] == "SANDBOX.NOT_IMPLEMENTED"
