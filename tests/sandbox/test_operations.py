"""Apple has far more paths than the sandbox plays: each answers for itself, also where the document is not there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asc_sandbox import operations
from asc_sandbox.resources import ENDPOINTS
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from support.contract import document

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Sandbox() as sandbox:  # without a contract, as users start it
        yield Client(sandbox)


def test_the_list_is_the_one_of_apples_document() -> None:
    apples = {path: {each.upper() for each in methods} for path, methods in document()["paths"].items()}
    listed = {path: set(operations.methods_of(path.replace("{id}", "1"))) for path in apples}
    assert listed == {path: methods - {"PARAMETERS"} for path, methods in apples.items()}


def test_the_committed_list_is_the_one_that_its_tool_writes() -> None:
    document()  # says what to do where the document is missing
    tool = [sys.executable, "-I", "tools/operations.py", "--check"]
    done = subprocess.run(tool, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/apps/1000000001/appTags"),
        ("GET", "/v1/apps/1000000001/appClips"),
        ("POST", "/v1/appEvents"),
        ("GET", "/v1/userInvitations"),
        ("PATCH", "/v1/appEvents/1"),
        ("GET", "/v1/actors"),
        ("GET", "/v2/sandboxTesters"),
        ("DELETE", "/v1/appEvents/1"),
    ],
)
def test_what_apple_has_and_the_sandbox_does_not_play_is_501(client: Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status, answer.error["code"]) == (501, "SANDBOX.NOT_IMPLEMENTED")
    assert f"{method} {path}" in answer.error["detail"]


def test_every_operation_that_apple_has_is_played_or_501(client: Client) -> None:
    played = {(each.method, each.path) for each in ENDPOINTS}
    for path, methods in document()["paths"].items():
        for method in {each.upper() for each in methods} - {each for each, at in played if at == path}:
            if method != "PARAMETERS":
                answer = client.request(method, path.replace("{id}", "1"))
                assert answer.status == 501, f"{method} {path}"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/bulkBetaTesterAssignments", "The resource 'bulkBetaTesterAssignments' does not exist"),
        ("/v1/nothing/1/builds", "The resource 'nothing' does not exist"),
        ("/v1/apps/1/buildDeliveries", "The relationship 'buildDeliveries' does not exist"),
        ("/v1/apps/1/relationships/nothing", "The relationship 'nothing' does not exist"),
        ("/v1/apps/", "'/v1/apps/' is not a valid URL"),
        ("/v1/apps//builds", "'/v1/apps//builds' is not a valid URL"),
        ("/v1", "'/v1' is not a valid URL"),
    ],
)
def test_a_path_that_apple_does_not_have(client: Client, path: str, detail: str) -> None:
    answer = client.get(path)
    assert (answer.status, answer.error["code"], answer.error["detail"]) == (404, "PATH_ERROR", detail)


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        (
            "POST",
            "/v1/apps",
            "The resource 'apps' does not allow 'CREATE'. Allowed operations are: GET_COLLECTION, GET_INSTANCE, UPDATE",
        ),
        (
            "DELETE",
            "/v1/apps/1",
            "The resource 'apps' does not allow 'DELETE'. Allowed operations are: GET_COLLECTION, GET_INSTANCE, UPDATE",
        ),
        (
            "POST",
            "/v1/apps/1/builds",
            "The relationship 'builds' does not allow 'POST'. Allowed operations are: GET",
        ),
    ],
)
def test_a_method_that_apple_does_not_have(client: Client, method: str, path: str, detail: str) -> None:
    answer = client.request(method, path)
    assert (answer.status, answer.error["code"], answer.error["detail"]) == (403, "FORBIDDEN_ERROR", detail)


@pytest.mark.parametrize("name", ["appStoreVersionSubmission", "appClipDefaultExperience"])
def test_versions_of_the_store_show_what_most_of_them_lack(client: Client, name: str) -> None:
    answer = client.get("/v1/apps/1000000001/appStoreVersions", include=f"{name},build")
    assert answer.status == 200
    assert [each["relationships"][name]["data"] for each in answer.document["data"]] == [None, None]
    version = answer.ids()[0]
    assert client.get(f"/v1/appStoreVersions/{version}/{name}").status == 404
