"""TestFlight in the sandbox: states of builds, groups and testers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asc_sandbox.rules import testers
from asc_sandbox.server import Sandbox
from sandbox.client import Client
from sandbox.testflight import READY, WORLD, add_to_groups, code, states
from support.sandbox import app, build, seed, start_sandbox

WITHOUT_ALL = {
    **WORLD,
    "apps": [{**WORLD["apps"][0], "betaGroups": WORLD["apps"][0]["betaGroups"][1:]}, WORLD["apps"][1]],
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start_sandbox(WORLD) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


# --- states ---


@pytest.mark.parametrize(
    ("build_id", "internal", "external"),
    [
        ("ready", "IN_BETA_TESTING", "READY_FOR_BETA_SUBMISSION"),
        ("unanswered", "MISSING_EXPORT_COMPLIANCE", "MISSING_EXPORT_COMPLIANCE"),
        ("processing", "PROCESSING", "PROCESSING"),
        ("invalid", "PROCESSING_EXCEPTION", "PROCESSING_EXCEPTION"),
        ("expired", "EXPIRED", "EXPIRED"),
        ("internal-only", "IN_BETA_TESTING", "NOT_APPLICABLE"),
    ],
)
def test_states_follow_from_the_facts(client: Client, build_id: str, internal: str, external: str) -> None:
    assert states(client, build_id) == (internal, external)


def test_a_build_is_tested_inside_when_an_internal_group_has_it() -> None:
    with start_sandbox(WITHOUT_ALL) as sandbox:
        client = Client(sandbox)
        assert states(client, "ready")[0] == "READY_FOR_BETA_TESTING"
        assert add_to_groups(client, "ready", "qa").status == 204
        assert states(client, "ready")[0] == "IN_BETA_TESTING"


def test_a_seed_may_set_states() -> None:
    detail = {"internalBuildState": "IN_EXPORT_COMPLIANCE_REVIEW", "autoNotifyEnabled": True}
    builds = [build("1.0", "1", id="b", buildBetaDetail=detail, **READY)]
    with start_sandbox(seed(apps=[app("com.example.app", builds=builds)])) as sandbox:
        client = Client(sandbox)
        assert states(client, "b") == ("IN_EXPORT_COMPLIANCE_REVIEW", "READY_FOR_BETA_SUBMISSION")
        assert client.get("/v1/buildBetaDetails", filter__build="b").attribute("autoNotifyEnabled") == [True]


def test_notifying_automatically_can_be_switched(client: Client) -> None:
    (detail,) = client.get("/v1/buildBetaDetails", filter__build="ready").ids()
    assert client.patch("buildBetaDetails", detail, autoNotifyEnabled=True).status == 200
    answer = client.get(f"/v1/buildBetaDetails/{detail}")
    assert answer.document["data"]["attributes"]["autoNotifyEnabled"] is True


# --- groups ---


@pytest.mark.parametrize(
    ("build_id", "group", "expected"),
    [
        ("ready", "all", (422, "ENTITY_UNPROCESSABLE.INTERNAL_GROUP")),
        ("ready", "foreign", (409, "ENTITY_ERROR.RELATIONSHIP.INVALID")),
        ("ready", "nobody", (409, "ENTITY_ERROR.RELATIONSHIP.INVALID")),
        ("unanswered", "qa", (422, "ENTITY_UNPROCESSABLE.MISSING_EXPORT_COMPLIANCE")),
        ("processing", "qa", (422, "ENTITY_UNPROCESSABLE.BUILD_NOT_PROCESSED")),
        ("invalid", "friends", (422, "ENTITY_UNPROCESSABLE.BUILD_NOT_VALID")),
        ("expired", "friends", (422, "ENTITY_UNPROCESSABLE.BUILD_EXPIRED")),
        ("nothing", "friends", (404, "NOT_FOUND")),
    ],
)
def test_builds_that_a_group_does_not_get(
    client: Client, build_id: str, group: str, expected: tuple[int, str]
) -> None:
    assert code(add_to_groups(client, build_id, group)) == expected
    if group not in ("nobody", "foreign") and build_id != "nothing":
        other_side = client.link("POST", f"betaGroups/{group}/relationships/builds", [("builds", build_id)])
        assert code(other_side) == expected


def test_a_build_is_in_a_group_once_and_can_be_taken_out(client: Client) -> None:
    assert add_to_groups(client, "ready", "qa", "friends").status == 204
    assert add_to_groups(client, "ready", "qa").status == 204
    answer = client.get("/v1/betaGroups", filter__builds="ready")
    assert answer.attribute("name") == ["QA", "Friends"]
    assert client.get("/v1/betaGroups/qa/relationships/builds").ids() == ["ready"]
    assert client.get("/v1/betaGroups/qa/builds").ids() == ["ready"]
    path = "builds/ready/relationships/betaGroups"
    assert client.link("DELETE", path, [("betaGroups", "qa")]).status == 204
    assert client.link("DELETE", path, [("betaGroups", "qa")]).status == 204
    assert client.get("/v1/betaGroups", filter__builds="ready").attribute("name") == ["Friends"]


def test_one_build_that_is_refused_keeps_the_others_out(client: Client) -> None:
    assert add_to_groups(client, "ready", "friends", "all").status == 422
    assert client.get("/v1/betaGroups/friends/builds").ids() == []


def test_groups_are_made_changed_and_deleted(client: Client) -> None:
    new = client.post("betaGroups", {"name": "New"}, app=("apps", "1"), betaTesters=[("betaTesters", "tess")])
    assert new.status == 201
    group = new.document["data"]["id"]
    assert client.get(f"/v1/betaGroups/{group}/betaTesters").attribute("email") == ["tess@example.com"]
    assert client.get(f"/v1/betaGroups/{group}/app").document["data"]["id"] == "1"
    changed = client.patch("betaGroups", group, feedbackEnabled=False)
    assert changed.document["data"]["attributes"]["feedbackEnabled"] is False
    assert client.delete("betaGroups", group).status == 204
    assert client.get(f"/v1/betaGroups/{group}").status == 404


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [({"name": "Friends"}, "name"), ({"name": "A", "hasAccessToAllBuilds": True}, "hasAccessToAllBuilds")],
)
def test_groups_that_cannot_be_made(client: Client, attributes: Any, pointer: str) -> None:
    answer = client.post("betaGroups", attributes, app=("apps", "1"))
    assert answer.status == 409
    assert answer.error["source"] == {"pointer": f"/data/attributes/{pointer}"}


def test_a_group_begins_with_builds_of_its_app(client: Client) -> None:
    ready = [("builds", "ready")]
    new = client.post("betaGroups", {"name": "New"}, app=("apps", "1"), builds=ready)
    assert client.get(f"/v1/betaGroups/{new.document['data']['id']}/builds").ids() == ["ready"]
    foreign = client.post("betaGroups", {"name": "New"}, app=("apps", "2"), builds=ready)
    assert code(foreign) == (409, "ENTITY_ERROR.RELATIONSHIP.INVALID")


def test_what_a_group_does_not_let_change() -> None:
    with start_sandbox(WORLD, expect_violations=True) as sandbox:
        answer = Client(sandbox).patch("betaGroups", "qa", isInternalGroup=False)
        assert code(answer) == (409, "ENTITY_ERROR.ATTRIBUTE.NOT_ALLOWED")


# --- testers ---


def test_a_tester_is_invited_to_groups_and_builds(client: Client) -> None:
    answer = client.post(
        "betaTesters",
        {"email": "new@example.com", "firstName": "New"},
        betaGroups=[("betaGroups", "friends")],
        builds=[("builds", "ready")],
    )
    assert answer.status == 201
    tester = answer.document["data"]["id"]
    found = client.get("/v1/betaTesters", filter__betaGroups="friends", filter__apps="1", sort="email")
    assert found.attribute("email") == ["new@example.com", "tess@example.com"]
    assert client.get("/v1/builds/ready/individualTesters").ids() == [tester]
    assert client.get("/v1/builds/ready/relationships/individualTesters").ids() == [tester]


def test_an_address_is_in_a_group_once(client: Client) -> None:
    answer = client.post("betaTesters", {"email": "tess@example.com"}, betaGroups=[("betaGroups", "friends")])
    assert code(answer) == (409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE")
    other = client.post("betaGroups", {"name": "New"}, app=("apps", "1")).document["data"]["id"]
    same = client.post("betaTesters", {"email": "tess@example.com"}, betaGroups=[("betaGroups", other)])
    assert same.status == 201


def test_single_testers_of_a_build(client: Client) -> None:
    path, tess = "relationships/individualTesters", [("betaTesters", "tess")]
    assert client.link("POST", f"builds/ready/{path}", tess).status == 204
    assert client.link("POST", f"builds/ready/{path}", tess).status == 204
    assert client.get("/v1/builds/ready/individualTesters").ids() == ["tess"]
    assert code(client.link("POST", f"builds/unanswered/{path}", tess))[0] == 422
    assert client.link("DELETE", f"builds/ready/{path}", tess).status == 204
    assert client.get("/v1/builds/ready/individualTesters").ids() == []


def test_testers_of_a_group_are_added_and_removed(client: Client) -> None:
    path, toni = "betaGroups/friends/relationships/betaTesters", [("betaTesters", "toni")]
    assert client.link("POST", path, toni).status == 204
    assert client.get(f"/v1/{path}").ids() == ["tess", "toni"]
    assert client.link("DELETE", path, toni).status == 204
    assert client.get(f"/v1/{path}").ids() == ["tess"]


def test_a_tester_joins_and_leaves_groups_from_the_other_side(client: Client) -> None:
    path, qa = "betaTesters/toni/relationships/betaGroups", [("betaGroups", "qa")]
    assert client.link("POST", path, qa).status == 204
    assert client.get(f"/v1/{path}").ids() == ["qa"]
    assert client.get("/v1/betaTesters/toni/betaGroups").attribute("name") == ["QA"]
    assert client.get("/v1/betaGroups/qa/betaTesters").ids() == ["toni"]
    assert client.link("DELETE", path, qa).status == 204
    assert client.get("/v1/betaGroups/qa/betaTesters").ids() == []


def test_a_tester_gets_and_loses_builds_from_the_other_side(client: Client) -> None:
    path = "betaTesters/toni/relationships/builds"
    assert client.link("POST", path, [("builds", "ready")]).status == 204
    assert client.get("/v1/builds/ready/individualTesters").ids() == ["toni"]
    assert code(client.link("POST", path, [("builds", "unanswered")]))[0] == 422
    assert client.link("DELETE", path, [("builds", "ready")]).status == 204
    assert client.get("/v1/betaTesters/toni/builds").ids() == []


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("betaTesters/tess/relationships/apps", ("apps", "1")),
        ("apps/1/relationships/betaTesters", ("betaTesters", "tess")),
    ],
)
def test_a_tester_who_leaves_an_app_leaves_its_groups_and_builds(
    client: Client, path: str, gone: tuple[str, str]
) -> None:
    client.link("POST", "builds/ready/relationships/individualTesters", [("betaTesters", "tess")])
    assert client.get("/v1/betaTesters/tess/apps").ids() == ["1"]
    assert client.link("DELETE", path, [gone]).status == 204
    assert client.get("/v1/betaTesters", filter__apps="1").ids() == ["toni"]
    assert client.get("/v1/betaGroups/friends/betaTesters").ids() == []
    assert client.get("/v1/builds/ready/individualTesters").ids() == []
    assert client.get("/v1/betaTesters/tess").status == 200


def test_internal_groups_take_no_testers_but_users_of_the_team(client: Client) -> None:
    qa, tess = [("betaGroups", "qa")], [("betaTesters", "tess")]
    refused = [
        client.link("POST", "betaGroups/qa/relationships/betaTesters", tess),
        client.link("POST", "betaTesters/tess/relationships/betaGroups", qa),
        client.post("betaTesters", {"email": "new@example.com"}, betaGroups=qa),
        client.post(
            "betaGroups", {"name": "New", "isInternalGroup": True}, app=("apps", "1"), betaTesters=tess
        ),
    ]
    assert [code(answer) for answer in refused] == [(409, "STATE_ERROR")] * 4
    assert (
        client.link("POST", "betaGroups/qa/relationships/betaTesters", [("betaTesters", "toni")]).status
        == 204
    )


def test_a_user_of_the_team_is_invited_to_an_internal_group_in_any_case(client: Client) -> None:
    user = client.post("betaTesters", {"email": "TONI@example.com"}, betaGroups=[("betaGroups", "qa")])
    assert user.status == 201


@pytest.mark.parametrize("value", [True, False, None])
@pytest.mark.parametrize("name", ["publicLinkEnabled", "publicLinkLimitEnabled"])
def test_internal_groups_take_no_attribute_of_a_public_link(client: Client, name: str, value: Any) -> None:
    new = {"name": "New", "isInternalGroup": True, name: value}
    expected = (409, "ENTITY_ERROR.ATTRIBUTE.INVALID")
    assert code(client.post("betaGroups", new, app=("apps", "1"))) == expected
    changed = client.patch("betaGroups", "qa", **{name: value})
    assert code(changed) == expected
    assert changed.error["detail"] == "Public link limit cannot be applied to internal group"
    assert client.patch("betaGroups", "friends", **{name: value}).status == 200


@pytest.mark.parametrize(("limit", "status"), [(0, 409), (1, 200), (10_000, 200), (10_001, 409)])
def test_the_limit_of_a_public_link(client: Client, limit: int, status: int) -> None:
    assert code(client.patch("betaGroups", "friends", publicLinkLimit=2))[0] == 409
    limits = {"publicLinkLimitEnabled": True, "publicLinkLimit": limit}
    assert client.patch("betaGroups", "friends", **limits).status == status


def test_a_group_gets_its_link_when_the_link_is_turned_on(client: Client) -> None:
    first = client.patch("betaGroups", "friends", publicLinkEnabled=True).document["data"]["attributes"]
    assert first["publicLink"].startswith("https://testflight.apple.com/join/")


IPHONES = {"deviceFamily": "IPHONE", "minimumOsInclusive": "18.0"}


def test_recruitment_criteria_are_made_changed_and_deleted(client: Client) -> None:
    friends = ("betaGroups", "friends")
    assert client.get("/v1/betaGroups/friends/betaRecruitmentCriteria").status == 404
    new = client.post(
        "betaRecruitmentCriteria", {"deviceFamilyOsVersionFilters": [IPHONES]}, betaGroup=friends
    )
    criteria = new.document["data"]["id"]
    again = client.post(
        "betaRecruitmentCriteria", {"deviceFamilyOsVersionFilters": [IPHONES]}, betaGroup=friends
    )
    changed = [{**IPHONES, "maximumOsInclusive": "26.1"}]
    assert (new.status, again.status) == (201, 409)
    patched = client.patch("betaRecruitmentCriteria", criteria, deviceFamilyOsVersionFilters=changed)
    assert patched.status == 200
    found = client.get("/v1/betaGroups/friends/betaRecruitmentCriteria").document["data"]
    assert found["attributes"]["deviceFamilyOsVersionFilters"] == changed
    assert client.delete("betaRecruitmentCriteria", criteria).status == 204


@pytest.mark.parametrize(
    ("group", "criterion"),
    [("qa", IPHONES), ("friends", {**IPHONES, "minimumOsInclusive": "1.0"})],
    ids=["an internal group", "a version that Apple does not offer"],
)
def test_recruitment_criteria_that_cannot_be(client: Client, group: str, criterion: dict[str, str]) -> None:
    given = {"deviceFamilyOsVersionFilters": [criterion]}
    refused = client.post("betaRecruitmentCriteria", given, betaGroup=("betaGroups", group))
    assert refused.status == 409


def test_a_group_without_a_build_has_none_that_fits_its_criteria(client: Client) -> None:
    check = "/v1/betaGroups/friends/betaRecruitmentCriterionCompatibleBuildCheck"
    assert client.get(check).document["data"]["attributes"] == {"hasCompatibleBuild": False}
    client.link("POST", "betaGroups/friends/relationships/builds", [("builds", "ready")])
    assert client.get(check).document["data"]["attributes"] == {"hasCompatibleBuild": True}


def test_a_full_app_takes_no_tester(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testers, "LARGEST", 2)
    friends = [("betaGroups", "friends")]
    answers = [
        client.post("betaTesters", {"email": f"t{number}@example.com"}, betaGroups=friends)
        for number in range(3)
    ]
    assert [answer.status for answer in answers][-1] == 409
