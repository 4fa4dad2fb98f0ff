"""The judge itself, and the declarations of the sandbox held against Apple's document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asc_sandbox.contract import ContractViolation
from asc_sandbox.entity import Shape
from asc_sandbox.linking import Link
from asc_sandbox.resources import ENDPOINTS, SCHEMA
from asc_sandbox.schema import Resource
from sandbox.client import Client
from support import contract as support
from support.contract import contract, document
from support.sandbox import start_sandbox

UPLOAD = {
    "data": {
        "type": "buildUploads",
        "attributes": {"cfBundleShortVersionString": "1.0", "cfBundleVersion": "1", "platform": "IOS"},
        "relationships": {"app": {"data": {"type": "apps", "id": "1"}}},
    }
}


@pytest.mark.parametrize(
    ("method", "url", "body", "problem"),
    [
        ("GET", "/v1/apps?filter[bundleId]=a,b&limit=200&include=builds&limit[builds]=50", None, ""),
        ("GET", "/v1/betaGroups?limit[builds]=1000", None, ""),
        ("GET", "/v1/apps/1/builds?cursor=abc", None, ""),
        ("GET", "/v1/builds?exists[usesNonExemptEncryption]=true", None, ""),
        ("POST", "/v1/buildUploads", UPLOAD, ""),
        ("GET", "/v1/nothing", None, "Apple has no such operation"),
        ("PUT", "/v1/apps", None, "Apple has no such operation"),
        ("GET", "/v1/apps?colour=red", None, "unknown parameter colour"),
        ("GET", "/v1/apps/1?cursor=abc", None, "unknown parameter cursor"),
        ("GET", "/v1/apps?limit=201", None, "limit=201: not a number from 1 to 200"),
        ("GET", "/v1/apps?limit[builds]=51", None, "limit[builds]=51: not a number from 1 to 50"),
        ("GET", "/v1/apps?limit=", None, "limit=: not a number"),
        ("GET", "/v1/apps?limit=²", None, "limit=²: not a number"),
        ("GET", "/v1/apps?filter[id]=1&filter[id]=2", None, "filter[id] is repeated"),
        ("GET", "/v1/builds?sort=name", None, "sort=name: not one of Apple's values"),
        ("GET", "/v1/builds?include=app.builds", None, "include=app.builds: not one of Apple's values"),
        ("GET", "/v1/builds?exists[usesNonExemptEncryption]=1", None, "not true or false"),
        ("GET", "/v1/apps/1/metrics/betaTesterUsages?colour=red", None, "unknown parameter colour"),
        ("GET", "/v1/salesReports", None, "filter[vendorNumber] is required"),
        ("GET", "/v1/apps", {}, "takes no body"),
        ("POST", "/v1/buildUploads", None, "a body is required"),
        ("POST", "/v1/buildUploads", {"data": {}}, '"type" is a required property'),
    ],
)
def test_requests(method: str, url: str, body: Any, problem: str) -> None:
    assert_judged(problem, lambda: contract().check_request(method, f"http://127.0.0.1{url}", body))


def test_unknown_attributes_of_a_request() -> None:
    body = json.loads(json.dumps(UPLOAD).replace("cfBundleVersion", "cfBundleVersoin"))
    assert_judged(
        "'cfBundleVersoin' was unexpected", lambda: contract().check_request("POST", "/v1/buildUploads", body)
    )


def build_with(**attributes: Any) -> dict[str, Any]:
    return {
        "data": [{"type": "builds", "id": "1", "attributes": attributes}],
        "links": {"self": "/v1/builds"},
    }


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, build_with(version="1", uploadedDate="2021-02-02T04:00:19-08:00"), ""),
        (200, build_with(version=None, uploadedDate="2019-11-29T13:56:50.220+0000"), ""),
        (200, build_with(processingState="A_NEW_STATE"), ""),
        (400, {"errors": [{"status": "400", "code": "A", "title": "B", "detail": "C"}]}, ""),
        (500, None, ""),
        (200, build_with(colour="red"), "'colour' was unexpected"),
        (200, build_with(uploadedDate="yesterday"), '"yesterday" is not a "date-time"'),
        (200, build_with(expired="yes"), '"yes" is not of type'),
        (200, {"data": []}, '"links" is a required property'),
        (200, {"data": [{"type": "apps", "id": "1"}], "links": {"self": "/"}}, "/data/0/type"),
        (404, {"errors": []}, "Apple declares no such status"),
        (400, {"errors": [{"status": "400"}]}, '"code" is a required property'),
    ],
)
def test_answers(status: int, body: Any, problem: str) -> None:
    assert_judged(problem, lambda: contract().check_response("GET", "/v1/builds", status, body))


def test_answers_without_a_body_and_of_another_type() -> None:
    contract().check_response("DELETE", "/v1/buildUploads/1", 204, None)
    assert_judged(
        "declares no body", lambda: contract().check_response("DELETE", "/v1/buildUploads/1", 204, {})
    )
    assert_judged(
        "the content type is 'text/html'",
        lambda: contract().check_response("GET", "/v1/apps", 200, {}, "text/html"),
    )


def test_the_text_names_operation_and_problems() -> None:
    with pytest.raises(ContractViolation) as caught:
        contract().check_request("GET", "/v1/apps/17/builds?colour=red&limit=0")
    assert str(caught.value) == (
        "GET /v1/apps/{id}/builds request:\n  unknown parameter colour\n  limit=0: not a number from 1 to 200"
    )


def test_the_sandbox_records_and_refuses_what_breaks_the_contract() -> None:
    with start_sandbox(expect_violations=True) as sandbox:
        # The sandbox alone takes any text for this filter, Apple's document does not.
        answer = Client(sandbox).get("/v1/builds", fields__buildIcons="colour")
        assert (answer.status, answer.error["code"]) == (400, "SANDBOX.CONTRACT")
        assert "fields[buildIcons]=colour" in answer.error["detail"]
        assert [violation.by for violation in sandbox.violations] == ["client"]


def test_a_wrong_answer_of_the_sandbox_is_a_500() -> None:
    with start_sandbox(expect_violations=True) as sandbox:
        (app, *_) = sandbox.world.all("apps")
        assert isinstance(app.attributes, dict)
        app.attributes["name"] = 17  # behind the back of the world, which would refuse it
        answer = Client(sandbox).get(f"/v1/apps/{app.id}")
        assert (answer.status, answer.error["code"]) == (500, "UNEXPECTED_ERROR")
        assert "/data/attributes/name: 17" in answer.error["meta"]["sandbox"]
        assert [violation.by for violation in sandbox.violations] == ["sandbox"]


def test_violations_fail_a_test() -> None:
    with pytest.raises(AssertionError, match="colour"), start_sandbox() as sandbox:
        Client(sandbox).get("/v1/apps", colour="red")


def test_a_missing_document_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(support, "DOCUMENT", tmp_path / "missing.json")
    with pytest.raises(FileNotFoundError, match="make contract"):
        document.__wrapped__()


@pytest.mark.parametrize("resource", SCHEMA.values(), ids=lambda resource: resource.type)
def test_resources_are_declared_as_apple_has_them(resource: Resource) -> None:
    apples = _apples_resource(resource.type)
    assert list(resource.attributes) == list(apples.get("attributes", {"properties": {}})["properties"])
    relationships = apples.get("relationships", {"properties": {}})["properties"]
    shown = [each for each in resource.relationships if not each.hidden]
    assert [each.name for each in shown] == list(relationships)
    for each in shown:
        members = relationships[each.name]["properties"]
        assert (each.has_links, each.has_data) == ("links" in members, "data" in members), each.name
        if each.has_data:
            assert each.many == (members["data"]["type"] == "array"), each.name
            reference = members["data"].get("items", members["data"])
            assert reference["properties"]["type"]["enum"] == [each.target], each.name


READING = [endpoint for endpoint in ENDPOINTS if not endpoint.writes]
WRITING = [endpoint for endpoint in ENDPOINTS if endpoint.writes]


REFUSED_BY_APPLE = {"DEVELOPER_ID_APPLICATION_G2", "DEVELOPER_ID_KEXT_G2"}
"""Values of the document that the live service refuses, in a filter as in a POST: the sandbox does, too."""


def values_that_apple_takes(schema: dict[str, Any]) -> list[str]:
    return [value for value in schema.get("enum", []) if value not in REFUSED_BY_APPLE]


def name_of(endpoint: Any) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", READING, ids=name_of)
def test_endpoints_take_the_parameters_that_apple_has(endpoint: Any) -> None:
    operation = document()["paths"][endpoint.path][endpoint.method.lower()]
    apples = {parameter["name"]: parameter["schema"] for parameter in operation.get("parameters", [])}
    grammar = endpoint.handle.args[0]
    for each in grammar.filters:
        assert list(each.values) == values_that_apple_takes(apples[f"filter[{each.name}]"]["items"]), (
            each.name
        )
    required = {f"filter[{each.name}]" for each in grammar.filters if each.required}
    assert required == {each["name"] for each in operation.get("parameters", []) if each.get("required")}
    assert [f"exists[{name}]" for name in grammar.exists] == [
        n for n in apples if n in _played_exists(apples)
    ]
    assert _both_ways(grammar.sorts) == apples.get("sort", {"items": {"enum": []}})["items"]["enum"]
    assert list(grammar.includable()) == apples.get("include", {"items": {"enum": []}})["items"]["enum"]
    assert grammar.paged == ("limit" in apples)
    for name, schema in apples.items():
        if name.startswith("limit["):
            assert grammar.limit_maxima.get(name[6:-1], 50) == schema["maximum"], name


@pytest.mark.parametrize("endpoint", WRITING, ids=name_of)
def test_endpoints_write_what_apple_has(endpoint: Any) -> None:
    operation = document()["paths"][endpoint.path][endpoint.method.lower()]
    if "requestBody" not in operation:
        assert endpoint.method == "DELETE"
        return
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    data = document()["components"]["schemas"][body]["properties"]["data"]
    declared = endpoint.handle.args[0]
    if isinstance(declared, Link):
        assert (data["type"] == "array") == declared.relationship.many
        reference = data.get("items", data)["properties"]
        assert reference["type"]["enum"] == [declared.relationship.target]
        return
    assert data["properties"]["type"]["enum"] == [declared.resource.type]
    assert ("id" in data["properties"]) != declared.creates
    _assert_attributes(declared, data["properties"].get("attributes", {}))
    _assert_relationships(declared, data["properties"].get("relationships", {}))


def _assert_attributes(shape: Shape, apples: dict[str, Any]) -> None:
    properties = apples.get("properties", {})
    assert {*shape.required, *shape.optional} == set(properties)
    assert set(shape.required) == set(apples.get("required", []))
    for name, schema in properties.items():
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        assert list(shape.values.get(name, ())) == values_that_apple_takes(schema), name


def _assert_relationships(shape: Shape, apples: dict[str, Any]) -> None:
    properties = apples.get("properties", {})
    assert {*shape.owners, *shape.related} == set(properties)
    assert set(shape.owners) == set(apples.get("required", []))
    for name, schema in properties.items():
        data = schema["properties"]["data"]
        relationship = shape.resource.by_name[name]
        assert relationship.many == (data["type"] == "array"), name
        assert data.get("items", data)["properties"]["type"]["enum"] == [relationship.target], name


# Of these types Apple's API has two forms.
UNPLAYED_FORMS = ("InAppPurchase", "InAppPurchaseLocalizationV2", "SubscriptionLocalizationV2")


def _apples_resource(type_name: str) -> dict[str, Any]:
    schemas = document()["components"]["schemas"].items()
    found = [
        schema["properties"]
        for title, schema in schemas
        if schema.get("properties", {}).get("type", {}).get("enum") == [type_name]
        and "links" in schema["properties"]
        and title not in UNPLAYED_FORMS
    ]
    assert len(found) == 1
    return dict(found[0])


def _played_exists(apples: dict[str, Any]) -> list[str]:
    return [
        name for name in apples if name.startswith("exists[") and name != "exists[gameCenterEnabledVersions]"
    ]


def _both_ways(sorts: tuple[str, ...]) -> list[str]:
    return [expression for name in sorts for expression in (name, f"-{name}")]


def assert_judged(problem: str, judge: Any) -> None:
    """The judge finds this problem, or none at all when it is ""."""
    if not problem:
        judge()
        return
    with pytest.raises(ContractViolation) as caught:
        judge()
    assert problem in str(caught.value)
