"""manage-group: given these groups of an app, the step makes this group and no other change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asc.testflight.criteria import Range, parse_criteria
from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.sandbox import app, build, seed, start_sandbox

APP = "com.example.app"
GROUPS: list[dict[str, Any]] = [
    {"id": "GROUP-BETA", "name": "Beta testers"},
    {"id": "GROUP-TEAM", "name": "Team", "isInternalGroup": True, "hasAccessToAllBuilds": True},
]
WORLD = seed(apps=[app(APP, id="1000000001", betaGroups=GROUPS, builds=[build("1.0", "7")])])
WHOLE = {
    "group": "Friends",
    "kind": "external",
    "public-link": "true",
    "public-link-limit": "500",
    "feedback": "false",
    "criteria": "{iphone: 18.0+, mac: 14.0 - 26.0}",
}


def manage(folder: Path, sandbox: Sandbox, **inputs: str) -> Done:
    given = {"bundle-id": APP, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return in_job(folder, given, sandbox=sandbox, command="manage-group")


def group(sandbox: Sandbox, name: str) -> dict[str, Any]:
    (record,) = [one for one in sandbox.world.all("betaGroups") if one.attributes["name"] == name]
    return dict(record.attributes)


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{entry.method} {entry.path}" for entry in sandbox.requests if entry.method != "GET"]


def test_a_group_is_made_with_all_its_settings_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = manage(tmp_path, sandbox, **WHOLE)
        assert (done.code, done.outputs["created"], done.outputs["changed"]) == (0, "true", "true"), (
            done.stdout
        )
        made = group(sandbox, "Friends")
        (criteria,) = sandbox.world.all("betaRecruitmentCriteria")
        again = manage(tmp_path, sandbox, **WHOLE)
        assert len(writes(sandbox)) == 2
    assert (made["publicLinkEnabled"], made["publicLinkLimit"], made["feedbackEnabled"]) == (True, 500, False)
    assert criteria.attributes["deviceFamilyOsVersionFilters"] == [
        {"deviceFamily": "IPHONE", "minimumOsInclusive": "18.0"},
        {"deviceFamily": "MAC", "minimumOsInclusive": "14.0", "maximumOsInclusive": "26.0"},
    ]
    assert (again.code, again.outputs["changed"]) == (0, "false")
    assert again.outputs["public-link"] == made["publicLink"]


def test_only_settings_that_differ_are_sent(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        assert manage(tmp_path, sandbox, **WHOLE).code == 0
        changed = {
            "public_link": "false",
            "public_link_limit": "none",
            "criteria": "none",
            "feedback": "false",
        }
        done = manage(tmp_path, sandbox, group="Friends", **changed)
        friends = group(sandbox, "Friends")
        assert (done.code, done.outputs["public-link"], len(writes(sandbox))) == (0, "", 4), done.stdout
        assert sandbox.world.all("betaRecruitmentCriteria") == []
    assert (friends["publicLinkEnabled"], friends["publicLinkLimitEnabled"]) == (False, False)


def test_criteria_that_differ_are_changed_in_place(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        assert manage(tmp_path, sandbox, **WHOLE).code == 0
        before = [one.id for one in sandbox.world.all("betaRecruitmentCriteria")]
        done = manage(tmp_path, sandbox, group="Friends", criteria="{iphone: 26.0+}")
        (criteria,) = sandbox.world.all("betaRecruitmentCriteria")
    assert (done.code, [criteria.id]) == (0, before), done.stdout
    assert criteria.attributes["deviceFamilyOsVersionFilters"] == [
        {"deviceFamily": "IPHONE", "minimumOsInclusive": "26.0"}
    ]


def test_an_internal_group_is_made_with_access_to_all_builds(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        given = {"group": "QA", "kind": "internal", "access_to_all_builds": "true", "public_link": "false"}
        assert manage(tmp_path, sandbox, **given).code == 0
        assert group(sandbox, "QA")["hasAccessToAllBuilds"] is True
        assert manage(tmp_path, sandbox, **given).outputs["changed"] == "false"


@pytest.mark.parametrize(
    "inputs",
    [
        {"group": "Team", "kind": "external"},
        {"group": "Team", "access_to_all_builds": "false"},
        {"group": "Team", "public_link": "true"},
        {"group": "Team", "criteria": "{iphone: any}"},
        {"group": "Beta testers", "access_to_all_builds": "true"},
        {"group": "Beta testers", "criteria": "{iphone: 3.0+}"},
        {"group": "Beta tester"},
    ],
    ids=lambda inputs: " ".join(inputs.values()),
)
def test_a_setting_that_the_group_cannot_have_is_an_error(tmp_path: Path, inputs: dict[str, str]) -> None:
    with start_sandbox(WORLD) as sandbox:
        assert (manage(tmp_path, sandbox, **inputs).code, writes(sandbox)) == (1, [])


def test_an_unknown_group_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        assert "Did you mean Beta testers?" in manage(tmp_path, sandbox, group="beta-testers").error


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"group": "QA", "kind": "internal", "public_link": "true"},
        {"group": "QA", "kind": "external", "access_to_all_builds": "true"},
        {"group": "QA", "public_link_limit": "0"},
        {"group": "QA", "public_link_limit": "10001"},
        {"group": "QA", "criteria": "{iphone: 18.0}"},
        {"group": "QA", "criteria": "{iphone: 26.0 - 18.0}"},
        {"group": "QA", "criteria": "{android: 18.0+}"},
        {"group": "QA", "criteria": "{apple-tv: any, APPLE_TV: any}"},
    ],
)
def test_inputs_that_make_no_sense_are_refused_before_anything_is_sent(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    with start_sandbox(WORLD) as sandbox:
        assert (manage(tmp_path, sandbox, **inputs).code, list(sandbox.requests)) == (2, [])


def test_a_dry_run_writes_nothing_and_says_what_would_change(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = manage(tmp_path, sandbox, **WHOLE, dry_run="true")
        assert (done.code, done.outputs["created"], done.outputs["changed"]) == (0, "true", "true")
        assert writes(sandbox) == []
    assert "limit 500" in done.summary


def test_criteria_that_no_build_fulfils_are_told(tmp_path: Path) -> None:
    with start_sandbox(WORLD) as sandbox:
        done = manage(tmp_path, sandbox, group="Beta testers", criteria="{ipad: any}")
    assert (done.code, len(done.log.messages("warning"))) == (0, 1)


WRITES = ["POST /v1/betaGroups", "PATCH /v1/betaGroups/*", "POST /v1/betaRecruitmentCriteria"]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("effect", ["lost", "status=500 times=2", "reset times=2"])
def test_a_write_that_fails_for_a_moment_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str, effect: str
) -> None:
    monkeypatch.setattr("asc.changes.apply.LOOK_AGAIN_AFTER", 0.01)
    with start_sandbox(WORLD, faults=[f"{write} {effect}"]) as sandbox:
        name = "Beta testers" if write.startswith("PATCH") else "Friends"
        done = manage(tmp_path, sandbox, **{**WHOLE, "group": name})
        assert (done.code, len(sandbox.world.all("betaRecruitmentCriteria"))) == (0, 1), done.stdout
        assert len(sandbox.world.all("betaGroups")) == (2 if name == "Beta testers" else 3)


def test_a_change_that_apple_accepts_and_does_not_make_is_an_error(tmp_path: Path) -> None:
    with start_sandbox(WORLD, faults=["PATCH /v1/betaGroups/* ignored"]) as sandbox:
        assert manage(tmp_path, sandbox, group="Beta testers", public_link="true").code == 1


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("18.0+", Range("18.0")),
        (">= 18.0", Range("18.0")),
        ("17.0 - 18.5", Range("17.0", "18.5")),
        ("17 to 18.5.1", Range("17", "18.5.1")),
        ("<= 26.1", Range("", "26.1")),
        ("any", Range()),
    ],
)
def test_each_form_of_a_range_is_read(text: str, versions: Range) -> None:
    assert parse_criteria({"apple-tv": text}) == {"APPLE_TV": versions}


def test_a_family_that_is_new_at_apple_is_taken_in_apples_spelling() -> None:
    assert parse_criteria({"CAR": "any"}) == {"CAR": Range()}
