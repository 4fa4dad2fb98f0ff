"""TestFlight in the sandbox: texts, review details, export compliance, and roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.testflight import WORLD, add_to_groups, code, states
from support.sandbox import app, seed, start_sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(WORLD) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


# --- texts ---

NOTES = {"whatsNew": "New icons", "locale": "de-DE"}


def test_notes_are_made_changed_and_deleted(client: Client) -> None:
    assert client.get("/v1/builds/ready/betaBuildLocalizations").attribute("locale") == ["en-US"]
    new = client.post("betaBuildLocalizations", NOTES, build=("builds", "ready"))
    assert new.status == 201
    notes = new.document["data"]["id"]
    assert client.patch("betaBuildLocalizations", notes, whatsNew="Newer icons").status == 200
    found = client.get("/v1/betaBuildLocalizations", filter__build="ready", filter__locale="de-DE")
    assert found.attribute("whatsNew") == ["Newer icons"]
    assert client.delete("betaBuildLocalizations", notes).status == 204


@pytest.mark.parametrize(
    ("attributes", "pointer", "kind"),
    [
        ({"whatsNew": "x" * 4001}, "whatsNew", "INVALID.TOO_LONG"),
        ({"whatsNew": "New \N{ROCKET}"}, "whatsNew", "INVALID.INVALID_CHARACTERS"),
        ({"whatsNew": "New \N{SPARKLES}"}, "whatsNew", "INVALID.INVALID_CHARACTERS"),
        ({"whatsNew": "a < b"}, "whatsNew", "INVALID.INVALID_CHARACTERS"),
        ({"whatsNew": "\N{BOX DRAWINGS LIGHT HORIZONTAL}"}, "whatsNew", "INVALID.INVALID_CHARACTERS"),
        ({"locale": "en-US"}, "locale", "INVALID.DUPLICATE"),
        ({"locale": "tlh"}, "locale", "INVALID"),
        ({"locale": None}, "locale", "REQUIRED"),
    ],
)
def test_notes_that_are_refused(attributes: Any, pointer: str, kind: str) -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        client = Client(sandbox)
        made = client.post("betaBuildLocalizations", {**NOTES, **attributes}, build=("builds", "ready"))
        assert code(made) == (409, f"ENTITY_ERROR.ATTRIBUTE.{kind}")
        assert made.error["source"] == {"pointer": f"/data/attributes/{pointer}"}
        if pointer == "whatsNew":
            (notes,) = client.get("/v1/builds/ready/betaBuildLocalizations").ids()
            changed = client.patch("betaBuildLocalizations", notes, **attributes)
            assert code(changed) == (409, f"ENTITY_ERROR.ATTRIBUTE.{kind}")


def test_notes_of_4000_characters_and_accents(client: Client) -> None:
    text = "é" * 3990 + " – “x” • >"
    assert (
        client.post("betaBuildLocalizations", {**NOTES, "whatsNew": text}, build=("builds", "ready")).status
        == 201
    )


def test_what_testers_read_about_an_app(client: Client) -> None:
    content = {"locale": "en-US", "description": "An example", "feedbackEmail": "beta@example.com"}
    new = client.post("betaAppLocalizations", content, app=("apps", "1"))
    assert new.status == 201
    again = client.post("betaAppLocalizations", content, app=("apps", "1"))
    assert code(again) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE")
    text = new.document["data"]["id"]
    assert client.patch("betaAppLocalizations", text, description="Better").status == 200
    assert client.get("/v1/apps/1/betaAppLocalizations").attribute("description") == ["Better"]
    assert client.get("/v1/betaAppLocalizations", filter__app="1").ids() == [text]
    assert client.delete("betaAppLocalizations", text).status == 204


def test_every_app_has_review_details_and_a_licence(client: Client) -> None:
    for app_id in ("1", "2"):
        assert client.get("/v1/betaAppReviewDetails", filter__app=app_id).ids() == [app_id]
        assert client.patch("betaAppReviewDetails", app_id, contactFirstName="Ada").status == 200
        details = client.get(f"/v1/apps/{app_id}/betaAppReviewDetail").document["data"]
        assert (details["id"], details["attributes"]["contactFirstName"]) == (app_id, "Ada")
        licence = client.get(f"/v1/apps/{app_id}/betaLicenseAgreement").document["data"]["id"]
        assert client.patch("betaLicenseAgreements", licence, agreementText="Be kind").status == 200


@pytest.mark.parametrize("app_id", [None, "1"])
@pytest.mark.parametrize("nested", [True, False])
def test_review_details_of_a_seed_have_the_id_of_their_app(app_id: str | None, nested: bool) -> None:
    contact = {"contactFirstName": "Ada"}
    details = {"betaAppReviewDetail": contact} if nested else {}
    example = app("com.example.app", **({"id": app_id} if app_id else {}), **details)
    others = [] if nested else [{"app": app_id or "1000000001", **contact}]
    with start_sandbox(seed(apps=[example], betaAppReviewDetails=others)) as sandbox:
        (known,) = Client(sandbox).get("/v1/apps").ids()
        found = Client(sandbox).get(f"/v1/betaAppReviewDetails/{known}")
        assert found.document["data"]["attributes"]["contactFirstName"] == "Ada"


@pytest.mark.parametrize("path", ["betaAppReviewDetails", "betaAppReviewSubmissions"])
def test_filters_that_are_required(path: str) -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        assert code(Client(sandbox).get(f"/v1/{path}")) == (400, "PARAMETER_ERROR.REQUIRED")


# --- builds ---


def test_a_build_is_expired_for_good(client: Client) -> None:
    assert client.patch("builds", "ready", expired=True).document["data"]["attributes"]["expired"] is True
    assert code(client.patch("builds", "ready", expired=False)) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")


def test_encryption_is_answered_once(client: Client) -> None:
    assert client.patch("builds", "unanswered", usesNonExemptEncryption=False).status == 200
    assert states(client, "unanswered")[0] == "IN_BETA_TESTING"
    answer = client.patch("builds", "unanswered", usesNonExemptEncryption=True)
    assert code(answer) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
    assert answer.error["source"] == {"pointer": "/data/attributes/usesNonExemptEncryption"}


def test_encryption_that_is_not_exempt_keeps_a_build_back_until_it_is_declared(client: Client) -> None:
    assert client.patch("builds", "unanswered", usesNonExemptEncryption=True).status == 200
    assert states(client, "unanswered")[0] == "MISSING_EXPORT_COMPLIANCE"


def test_a_build_gets_its_declaration(client: Client) -> None:
    path = "builds/unanswered/relationships/appEncryptionDeclaration"
    assert client.get(f"/v1/{path}").status == 404
    assert client.link("PATCH", path, ("appEncryptionDeclarations", "declared")).status == 204
    assert client.get(f"/v1/{path}").document["data"]["id"] == "declared"
    assert client.get("/v1/appEncryptionDeclarations", filter__builds="unanswered").ids() == ["declared"]
    assert client.get("/v1/builds/unanswered/appEncryptionDeclaration").document["data"]["id"] == "declared"


def test_declarations_are_made_and_given_builds(client: Client) -> None:
    answers = {
        "appDescription": "An example",
        "containsProprietaryCryptography": False,
        "containsThirdPartyCryptography": True,
        "availableOnFrenchStore": False,
    }
    new = client.post("appEncryptionDeclarations", answers, app=("apps", "1"))
    assert new.document["data"]["attributes"]["appEncryptionDeclarationState"] == "CREATED"
    declaration = new.document["data"]["id"]
    assert client.get("/v1/apps/1/appEncryptionDeclarations").ids() == ["declared", declaration]
    path = f"appEncryptionDeclarations/{declaration}/relationships/builds"
    assert client.link("POST", path, [("builds", "unanswered")]).status == 204
    assert client.get("/v1/builds/unanswered/appEncryptionDeclaration").document["data"]["id"] == declaration


# --- roles ---


def test_who_may_write() -> None:
    with start_sandbox(WORLD) as sandbox:
        assert add_to_groups(Client(sandbox, "DEVELOPER1"), "ready", "friends").status == 204
        marketing = Client(sandbox, "MARKETING1")
        assert marketing.get("/v1/betaGroups").status == 200
        assert code(add_to_groups(marketing, "ready", "friends")) == (403, "FORBIDDEN_ERROR")
