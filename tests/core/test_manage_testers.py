"""manage-testers: given these groups and testers of an app, a list makes these changes and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asc.testflight.testers.files import read_csv
from core.running import in_job
from core.testers import APP, manage, members, person, world, writes
from support.sandbox import app, start_sandbox


class TestAdd:
    def test_new_people_are_invited_known_ones_join_and_members_stay(self, tmp_path: Path) -> None:
        with start_sandbox(world(person("ada", "GROUP-BETA"), person("bob"))) as sandbox:
            people = "ADA@example.com\nBob <bob@example.com>\nCy New <cy@example.com>"
            done = manage(tmp_path, sandbox, testers=people, groups="Beta testers")
            counts = {name: done.outputs[name] for name in ("added", "invited", "existing", "refused")}
            assert (done.code, counts) == (
                0,
                {"added": "1", "invited": "1", "existing": "1", "refused": "0"},
            ), done.stdout
            assert members(sandbox) == {"ada@example.com", "bob@example.com", "cy@example.com"}
            before = len(writes(sandbox))
            again = manage(tmp_path, sandbox, testers=people, groups="Beta testers")
            assert (again.code, again.outputs["changed"], len(writes(sandbox))) == (0, "false", before)

    def test_a_file_names_groups_of_its_own(self, tmp_path: Path) -> None:
        file = tmp_path / "testers.csv"
        file.write_text("First,Last,Email,Groups\nCy,New,cy@example.com,Beta testers\n")
        with start_sandbox(world()) as sandbox:
            assert manage(tmp_path, sandbox, testers_file=str(file)).code == 0
            assert members(sandbox) == {"cy@example.com"}

    def test_an_internal_group_takes_users_of_the_team_only(self, tmp_path: Path) -> None:
        with start_sandbox(world()) as sandbox:
            done = manage(tmp_path, sandbox, testers="user@example.com, cy@example.com", groups="Team")
            assert (done.code, writes(sandbox)) == (1, [])
            assert "c…@example.com" in done.error
            assert manage(tmp_path, sandbox, testers="user@example.com", groups="Team").code == 0

    def test_a_misspelt_group_is_named_before_anything_is_written(self, tmp_path: Path) -> None:
        with start_sandbox(world()) as sandbox:
            done = manage(tmp_path, sandbox, testers="cy@example.com", groups="Beta tester")
            assert (done.code, writes(sandbox)) == (1, [])
            assert "Beta testers?" in done.error

    def test_groups_are_made_if_that_is_asked_for(self, tmp_path: Path) -> None:
        with start_sandbox(world()) as sandbox:
            done = manage(tmp_path, sandbox, testers="cy@example.com", groups="Friends", create_groups="true")
            assert done.code == 0, done.stdout
            (friends,) = [
                one for one in sandbox.world.all("betaGroups") if one.attributes["name"] == "Friends"
            ]
            assert members(sandbox, friends.id) == {"cy@example.com"}

    def test_a_dry_run_counts_the_people_of_groups_that_it_would_make(self, tmp_path: Path) -> None:
        with start_sandbox(world()) as sandbox:
            given = {"testers": "cy@example.com", "groups": "Friends", "create_groups": "true"}
            done = manage(tmp_path, sandbox, **given, dry_run="true")
            assert (done.code, done.outputs["invited"], writes(sandbox)) == (0, "1", [])

    def test_a_stranger_for_an_internal_group_leaves_no_new_group_behind(self, tmp_path: Path) -> None:
        with start_sandbox(world()) as sandbox:
            given = {"testers": "cy@example.com", "groups": "Team, Friends", "create_groups": "true"}
            assert (manage(tmp_path, sandbox, **given).code, writes(sandbox)) == (1, [])

    @pytest.mark.parametrize("effect", ["lost", "status=409 code=STATE_ERROR after=0"])
    def test_a_group_is_made_once_although_the_answer_is_lost(self, tmp_path: Path, effect: str) -> None:
        with start_sandbox(world(), faults=[f"POST /v1/betaGroups {effect}"]) as sandbox:
            given = {"testers": "cy@example.com", "groups": "Friends", "create_groups": "true"}
            first = manage(tmp_path, sandbox, **given)
            assert manage(tmp_path, sandbox, **given).code == 0
            assert (first.code, len(sandbox.world.all("betaGroups"))) == (0 if effect == "lost" else 1, 3)

    def test_the_groups_of_the_list_come_in_addition_to_those_of_the_step(self, tmp_path: Path) -> None:
        file = tmp_path / "testers.csv"
        file.write_text("Email,First Name,Last Name,Groups\nuser@example.com,U,Ser,Team\n")
        with start_sandbox(world()) as sandbox:
            done = manage(tmp_path, sandbox, testers_file=str(file), groups="Beta testers")
            both = (members(sandbox), members(sandbox, "GROUP-TEAM"))
        assert (done.code, both, done.outputs["invited"]) == (0, ({"user@example.com"},) * 2, "1")

    def test_exact_removes_others_only_when_the_dry_run_is_off(self, tmp_path: Path) -> None:
        people = (
            person("ada", "GROUP-BETA"),
            person("bob", "GROUP-BETA"),
            person("link", "GROUP-BETA", email=None),
        )
        with start_sandbox(world(*people)) as sandbox:
            exact = {"testers": "ada@example.com", "groups": "Beta testers", "exact": "true"}
            dry = manage(tmp_path, sandbox, **exact)
            assert (dry.code, dry.outputs["removed"], writes(sandbox)) == (0, "1", [])
            assert manage(tmp_path, sandbox, **exact, dry_run="false").code == 0
            assert members(sandbox) == {"ada@example.com", "None"}

    def test_exact_holds_for_the_groups_of_the_step_and_not_for_those_of_the_list(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "testers.csv"
        file.write_text("Email,Groups\nuser@example.com,Team\n")
        people = (person("user", "GROUP-BETA"), person("ada", "GROUP-BETA", "GROUP-TEAM"))
        with start_sandbox(world(*people)) as sandbox:
            given = {"testers_file": str(file), "groups": "Beta testers", "exact": "true", "dry_run": "false"}
            assert manage(tmp_path, sandbox, **given).code == 0
            assert members(sandbox) == {"user@example.com"}
            assert members(sandbox, "GROUP-TEAM") == {"ada@example.com", "user@example.com"}

    def test_a_thousand_of_whom_ten_are_new_cost_few_requests(self, tmp_path: Path) -> None:
        there = [person(f"t{number}", "GROUP-BETA") for number in range(990)]
        file = tmp_path / "testers.csv"
        file.write_text("".join(f"T,Example,t{number}@example.com,Beta testers\n" for number in range(1000)))
        with start_sandbox(world(*there)) as sandbox:
            done = manage(tmp_path, sandbox, testers_file=str(file))
            assert (done.code, done.outputs["invited"], done.outputs["existing"]) == (0, "10", "990"), (
                done.stdout
            )
            assert len(writes(sandbox)) == 10
            reads = [entry for entry in sandbox.requests if entry.method == "GET"]
            assert (
                sum("/betaTesters" in entry.path for entry in reads) <= 7
            )  # five pages, and the ten new ones before and after the writes
            assert len(reads) <= 9

    @pytest.mark.parametrize(
        "fault", ["POST /v1/betaTesters lost", "POST /v1/betaTesters status=409 code=STATE_ERROR"]
    )
    def test_a_tester_whose_answer_was_lost_or_refused_is_looked_for(
        self, tmp_path: Path, fault: str
    ) -> None:
        with start_sandbox(world(), faults=[fault]) as sandbox:
            done = manage(tmp_path, sandbox, testers="cy@example.com", groups="Beta testers")
            there = [
                one for one in sandbox.world.all("betaTesters") if one.attributes["email"] == "cy@example.com"
            ]
        assert (done.code, len(there)) == ((0, 1) if "lost" in fault else (1, 0))

    def test_one_refused_tester_does_not_keep_the_others_out(self, tmp_path: Path) -> None:
        with start_sandbox(world(), faults=["POST /v1/betaTesters status=422 times=1"]) as sandbox:
            people = "cy@example.com, di@example.com"
            done = manage(tmp_path, sandbox, testers=people, groups="Beta testers", on_refused="warn")
            assert (done.code, done.outputs["refused"], len(members(sandbox))) == (0, "1", 1)
        (refused,) = json.loads(done.outputs["refused-list"])
        assert refused["email"] in ("c…@example.com", "d…@example.com")

    def test_addresses_are_in_no_log_and_no_summary(self, tmp_path: Path) -> None:
        with start_sandbox(world(person("ada"))) as sandbox:
            done = manage(tmp_path, sandbox, testers="ada@example.com, cy@example.com", groups="Beta testers")
        assert not [name for name in ("ada@", "cy@") if name in done.everything]


class TestRemove:
    def test_people_leave_the_groups_and_stay_testers_of_the_app(self, tmp_path: Path) -> None:
        with start_sandbox(world(person("ada", "GROUP-BETA"), person("bob", "GROUP-BETA"))) as sandbox:
            given = {"testers": "ADA@example.com, nobody@example.com", "groups": "Beta testers"}
            done = manage(tmp_path, sandbox, "remove", **given)
            assert (done.code, done.outputs["removed"], members(sandbox)) == (0, "1", {"bob@example.com"})
            assert len(sandbox.world.all("betaTesters")) == 2
            again = manage(tmp_path, sandbox, "remove", **given)
        assert (again.code, again.outputs["changed"]) == (0, "false")
        assert "n…@example.com" in again.stdout

    def test_people_leave_the_app_with_all_their_records(self, tmp_path: Path) -> None:
        twice = person("ada", id="TESTER-ADA-2")
        with start_sandbox(world(person("ada", "GROUP-BETA"), twice)) as sandbox:
            assert manage(tmp_path, sandbox, "remove", testers="ada@example.com", remove_from="app").code == 0
            (record,) = sandbox.world.all("apps")
            assert not [
                one
                for one in sandbox.world.all("betaTesters")
                if record in sandbox.world.related(one, "apps")
            ]


class TestPrune:
    PEOPLE = (
        person("active", "GROUP-BETA", state="INSTALLED", lastSession="3 days ago", sessions=5),
        person("idle", "GROUP-BETA", state="INSTALLED", lastSession="200 days ago", sessions=5),
        person("never", "GROUP-BETA", state="ACCEPTED"),
        person("invited", "GROUP-BETA", state="INVITED"),
        person("kept", "GROUP-BETA", state="ACCEPTED"),
        person("user", "GROUP-BETA", "GROUP-TEAM", state="ACCEPTED"),
    )

    def test_prints_a_plan_and_removes_nobody_by_itself(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", keep="kept@example.com")
            assert (done.code, done.outputs["removed"], writes(sandbox)) == (0, "2", [])

    def test_removes_only_who_accepted_and_did_not_use_the_app(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", keep="KEPT@example.com", dry_run="false")
            assert done.code == 0, done.stdout
            gone = {"idle@example.com", "never@example.com"}
            assert members(sandbox) == {str(one["email"]) for one in self.PEOPLE} - gone

    def test_a_typo_in_keep_removes_nobody(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", keep="Beta tester", dry_run="false")
            assert (done.code, writes(sandbox), "Beta testers" in done.error) == (1, [], True)

    def test_a_group_of_the_team_is_not_pruned(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", groups="Team", dry_run="false")
            assert (done.code, writes(sandbox)) == (1, [])

    def test_a_user_of_the_team_in_more_groups_than_apple_includes_is_not_pruned(
        self, tmp_path: Path
    ) -> None:
        content = world(person("user", "GROUP-BETA", "GROUP-TEAM", state="ACCEPTED"))
        others = [{"name": f"Group {number}", "betaTesters": ["TESTER-user"]} for number in range(49)]
        # Apple includes 50 groups of a tester: the external group of this app is the last, the internal one cut off.
        content["apps"].insert(0, app("com.example.other", id="1000000002", betaGroups=others))
        with start_sandbox(content) as sandbox:
            done = manage(tmp_path, sandbox, "prune", dry_run="false")
            assert (done.code, members(sandbox)) == (0, {"user@example.com"})

    def test_an_address_in_keep_that_no_tester_has_is_a_warning(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", keep="kept@example.com, kpet@example.com")
        (warning,) = done.log.messages("warning")
        assert warning.startswith("keep: the app has no tester k…@example.com.")

    def test_a_session_with_one_record_keeps_all_records_of_the_address(self, tmp_path: Path) -> None:
        second = person("idle", "GROUP-BETA", id="IDLE-2", state="INSTALLED", lastSession="1 day ago")
        with start_sandbox(world(*self.PEOPLE, second)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", keep="kept@example.com")
            assert (done.code, done.outputs["removed"]) == (0, "1")

    @pytest.mark.parametrize("remove_from", ["groups", "app"])
    def test_one_refused_removal_does_not_keep_the_others_in(self, tmp_path: Path, remove_from: str) -> None:
        place = {"groups": "betaGroups", "app": "apps"}[remove_from]
        path = f"/v1/{place}/*/relationships/betaTesters"
        with start_sandbox(world(*self.PEOPLE), faults=[f"DELETE {path} status=409 times=2"]) as sandbox:
            given = {"keep": "kept@example.com", "dry_run": "false", "remove_from": remove_from}
            done = manage(tmp_path, sandbox, "prune", **given)
            assert (done.code, done.outputs["removed"], done.outputs["refused"]) == (1, "1", "1")

    def test_more_than_the_limit_removes_nobody(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE)) as sandbox:
            done = manage(tmp_path, sandbox, "prune", limit="1", dry_run="false")
            assert (done.code, writes(sandbox)) == (1, [])

    def test_metrics_that_do_not_come_whole_remove_nobody(self, tmp_path: Path) -> None:
        fault = "GET /v1/apps/*/metrics/betaTesterUsages status=500 times=always"
        with start_sandbox(world(*self.PEOPLE), faults=[fault]) as sandbox:
            done = manage(tmp_path, sandbox, "prune", dry_run="false", retry_for="1s")
            assert (done.code, writes(sandbox)) == (3, [])


def test_an_export_costs_one_request_for_200_testers(tmp_path: Path) -> None:
    everybody = [
        person(f"t{number}", "GROUP-BETA", lastSession="1 day ago", sessions=1) for number in range(2_000)
    ]
    with start_sandbox(world(*everybody)) as sandbox:
        done = manage(tmp_path, sandbox, "export", file=str(tmp_path / "out.csv"))
        paths = [entry.path.rpartition("/")[2] for entry in sandbox.requests]
    assert (done.code, done.outputs["slots-left"]) == (0, "8000")
    assert paths == ["apps", "betaGroups", *["betaTesterUsages"] * 10, *["betaTesters"] * 10]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2_001


def test_an_export_lists_everybody_and_is_read_as_a_list(tmp_path: Path) -> None:
    evil = person("evil", "GROUP-BETA", firstName="=HYPERLINK(1)")
    with start_sandbox(
        world(person("ada", "GROUP-BETA", lastSession="1 day ago", sessions=4), evil)
    ) as sandbox:
        done = manage(tmp_path, sandbox, "export", file=str(tmp_path / "out.csv"))
    text = Path(done.outputs["file"]).read_text()
    assert (done.code, "Ada,Example,ada@example.com,Beta testers,ACCEPTED,4,0" in text) == (0, True), text
    assert "'=HYPERLINK(1)" in text
    assert Path(done.outputs["file"]).stat().st_mode & 0o077 == 0
    testers, problems = read_csv(text.encode())
    assert ([one.first_name for one in testers], problems) == (["Ada", "=HYPERLINK(1)"], [])


def test_a_group_whose_name_has_a_semicolon_survives_an_export_and_an_import(tmp_path: Path) -> None:
    group = {"id": "GROUP-NIGHT", "name": "QA; night", "betaTesters": ["TESTER-ada"]}
    there = world(person("ada", "GROUP-BETA"), person("bob"))
    there["apps"][0]["betaGroups"].append(group)
    with start_sandbox(there) as sandbox:
        done = manage(tmp_path, sandbox, "export", file=str(tmp_path / "out.csv"))
        exported = Path(done.outputs["file"])
        exported.write_text(exported.read_text().replace("ada@", "bob@").replace("Ada", "Bob"))
        only_bob = [
            line for line in exported.read_text().splitlines() if "Beta testers" in line or "First" in line
        ]
        exported.write_text("\n".join(only_bob))
        done = manage(tmp_path, sandbox, "add", testers_file=str(exported))
        assert (done.code, members(sandbox, "GROUP-NIGHT")) == (
            0,
            {"ada@example.com", "bob@example.com"},
        ), done.stdout


def test_an_invitation_is_sent_again_to_who_has_not_accepted(tmp_path: Path) -> None:
    people = (person("ada", state="INVITED"), person("bob", state="INSTALLED"))
    with start_sandbox(world(*people)) as sandbox:
        done = manage(tmp_path, sandbox, "invite", testers="ada@example.com, bob@example.com")
        assert (done.code, done.outputs["invited"]) == (0, "1"), done.stdout
        assert manage(tmp_path, sandbox, "invite", testers="nobody@example.com").code == 1


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"testers": "not an address", "groups": "Beta testers"},
        {"testers": "Ada <ada@example.com>, Bob <ADA@example.com>", "groups": "Beta testers"},
        {"testers": "ada@example.com"},
        {"testers-file": "/nowhere.csv", "groups": "Beta testers"},
        {"mode": "remove", "testers": "ada@example.com"},
        {"mode": "prune", "testers": "ada@example.com"},
        {"mode": "export", "exact": "true"},
        {"testers": "ada@example.com", "groups": "Beta testers", "limit": "0"},
    ],
)
def test_inputs_that_make_no_sense_are_refused_before_anything_is_sent(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    with start_sandbox(world()) as sandbox:
        done = in_job(tmp_path, {"bundle-id": APP, **inputs}, sandbox=sandbox, command="manage-testers")
        assert (done.code, list(sandbox.requests)) == (2, []), done.stdout


def test_a_list_that_is_not_there_is_an_error_of_its_path_and_not_of_its_lines(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = manage(tmp_path, sandbox, testers_file="nowhere.csv", groups="Beta testers")
    assert (done.code, "nowhere.csv" in done.error, "path" in done.error) == (2, True, True)


def test_a_list_of_more_people_than_an_app_can_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "testers.csv").write_text("".join(f"t{number}@example.com\n" for number in range(10_001)))
    with start_sandbox(world()) as sandbox:
        done = manage(tmp_path, sandbox, testers_file=str(tmp_path / "testers.csv"), groups="Beta testers")
        assert (done.code, list(sandbox.requests)) == (2, [])
