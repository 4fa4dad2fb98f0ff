"""manage-testers beside faults, other jobs and signals: everything ends once, or is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc_sandbox.server import Sandbox
from core.running import in_job
from core.testers import APP, manage, members, person, start, world, writes
from support.sandbox import start_sandbox
from support.waiting import LONGEST, wait_until

GROUP_LINKS = "/v1/betaGroups/*/relationships/betaTesters"
ADD = {
    "testers": "ada@example.com, bob@example.com, cy@example.com",
    "groups": "Beta testers, Friends",
    "create-groups": "true",
    "exact": "true",
    "dry-run": "false",
}
LEAVE = {"mode": "remove", "testers": "ada@example.com, zoe@example.com", "remove-from": "app"}
REQUESTS = [
    (ADD, "GET /v1/apps"),
    (ADD, "GET /v1/betaGroups"),
    (ADD, "GET /v1/betaGroups/*/betaTesters"),
    (ADD, "GET /v1/betaTesters"),
    (ADD, "POST /v1/betaGroups"),
    (ADD, "POST /v1/betaTesters"),
    (ADD, f"POST {GROUP_LINKS}"),
    (ADD, f"DELETE {GROUP_LINKS}"),
    (LEAVE, "DELETE /v1/apps/*/relationships/betaTesters"),
    ({"mode": "prune", "dry-run": "false"}, "GET /v1/apps/*/metrics/betaTesterUsages"),
    ({"mode": "invite", "testers": "bob@example.com"}, "POST /v1/betaTesterInvitations"),
]


def memberships(sandbox: Sandbox) -> dict[str, list[str]]:
    """Return the sorted addresses of each group, and of the app."""
    places = [*sandbox.world.all("betaGroups"), *sandbox.world.all("apps")]
    return {
        str(place.attributes["name"]): sorted(
            str(one.attributes["email"]) for one in sandbox.world.related(place, "betaTesters")
        )
        for place in places
    }


class TestFaults:
    PEOPLE = (
        person("ada", "GROUP-BETA", state="INSTALLED"),
        person("bob", state="INVITED"),
        person("zoe", "GROUP-BETA", state="INSTALLED", lastSession="1 day ago"),
    )

    @pytest.mark.parametrize("effect", ["status=500", "reset", "lost", "truncate"])
    @pytest.mark.parametrize(("given", "request_line"), REQUESTS, ids=[line for _, line in REQUESTS])
    def test_a_request_that_fails_once_changes_nothing_in_the_end(
        self, tmp_path: Path, given: dict[str, str], request_line: str, effect: str
    ) -> None:
        ends = []
        for faults in ([], [f"{request_line} {effect}"]):
            with start_sandbox(world(*self.PEOPLE), faults=faults) as sandbox:
                inputs = {"bundle-id": APP, "mode": "add", **given}
                done = in_job(tmp_path, inputs, sandbox=sandbox, command="manage-testers")
                ends.append((done.code, memberships(sandbox), len(sandbox.world.all("betaTesters"))))
                assert sandbox.faults_hit == len(faults)
        assert ends[0] == ends[1], done.stdout

    def test_an_outage_ends_the_step_with_what_was_done_and_tries_nothing_more(self, tmp_path: Path) -> None:
        fault = "POST /v1/betaTesters status=500 times=always"
        with start_sandbox(world(*self.PEOPLE), faults=[fault]) as sandbox:
            new = ", ".join(f"t{number}@example.com" for number in range(40))
            given = {"testers": f"bob@example.com, {new}", "groups": "Beta testers", "retry_for": "0"}
            done = manage(tmp_path, sandbox, **given)
            tried = [line for line in writes(sandbox) if line == "POST /v1/betaTesters"]
        assert (done.code, done.outputs["added"], done.outputs["invited"]) == (3, "1", "0")
        assert len(tried) <= 24  # six at once, each looked up and tried again

    def test_a_tester_who_is_there_after_a_refusal_is_no_error(self, tmp_path: Path) -> None:
        faults = [f"POST {GROUP_LINKS} lost", f"POST {GROUP_LINKS} status=409 after=1 times=always"]
        with start_sandbox(world(*self.PEOPLE), faults=faults) as sandbox:
            done = manage(tmp_path, sandbox, testers="bob@example.com", groups="Beta testers")
            assert (done.code, done.outputs["refused"]) == (0, "0"), done.stdout

    def test_a_tester_who_is_not_there_after_a_refusal_is_refused(self, tmp_path: Path) -> None:
        with start_sandbox(
            world(*self.PEOPLE), faults=[f"POST {GROUP_LINKS} status=409 times=always"]
        ) as sandbox:
            done = manage(tmp_path, sandbox, testers="bob@example.com", groups="Beta testers")
            assert (done.code, done.outputs["refused"]) == (1, "1")

    def test_an_invitation_whose_answer_is_lost_is_not_sent_again(self, tmp_path: Path) -> None:
        with start_sandbox(world(*self.PEOPLE), faults=["POST /v1/betaTesterInvitations lost"]) as sandbox:
            done = manage(tmp_path, sandbox, "invite", testers="bob@example.com")
            assert (done.code, done.outputs["invited"], len(writes(sandbox))) == (0, "1", 1)


class TestTwoJobsAtOnce:
    def test_each_tester_is_there_once(self, tmp_path: Path) -> None:
        people = ", ".join(f"t{number}@example.com" for number in range(8))
        with start_sandbox(world(person("t0")), latency=0.02) as sandbox:
            given = {"testers": people, "groups": "Friends", "create-groups": "true", "bundle-id": APP}
            processes = [start(tmp_path, sandbox, given) for _ in range(2)]
            assert [process.wait(LONGEST) for process in processes] == [0, 0]
            (friends,) = [
                one for one in sandbox.world.all("betaGroups") if one.attributes["name"] == "Friends"
            ]
            inside = [str(one.attributes["email"]) for one in sandbox.world.related(friends, "betaTesters")]
        assert sorted(inside) == sorted(set(inside)) and len(inside) == 8


@pytest.mark.parametrize("after", range(1, 12, 2))
def test_a_step_that_is_killed_and_run_again_ends_the_same(tmp_path: Path, after: int) -> None:
    given = {
        "testers": "ada@example.com, cy@example.com, di@example.com",
        "groups": "Friends, Beta testers",
        "create-groups": "true",
        "bundle-id": APP,
    }
    with start_sandbox(world(person("ada", "GROUP-BETA")), latency=0.02) as sandbox:
        process = start(tmp_path, sandbox, given)
        wait_until(lambda: len(sandbox.requests) >= after or process.poll() is not None)
        process.kill()
        process.wait()
        done = in_job(tmp_path, given, sandbox=sandbox, command="manage-testers")
        friends = [one for one in sandbox.world.all("betaGroups") if one.attributes["name"] == "Friends"]
        people = {"ada@example.com", "cy@example.com", "di@example.com"}
        assert (done.code, len(friends), members(sandbox), members(sandbox, friends[0].id)) == (
            0,
            1,
            people,
            people,
        )
        addresses = [one.attributes["email"] for one in sandbox.world.all("betaTesters")]
        assert sorted(addresses) == sorted(people)


ADA, BOB = person("ada", "GROUP-BETA"), person("bob")
TO_GROUP = "/v1/betaGroups/GROUP-BETA/relationships/betaTesters"
LINK = person("link", "GROUP-BETA", email=None, inviteType="PUBLIC_LINK", state="INSTALLED")


@pytest.mark.parametrize(
    ("write", "mode", "inputs"),
    [
        (f"POST {TO_GROUP}", "add", {"testers": "bob@example.com"}),
        ("POST /v1/betaTesters", "add", {"testers": "cy@example.com"}),
        (
            "POST /v1/betaGroups",
            "add",
            {"testers": "cy@example.com", "groups": "New", "create_groups": "true"},
        ),
        (f"DELETE {TO_GROUP}", "remove", {"testers": "ada@example.com"}),
        (
            "DELETE /v1/apps/*/relationships/betaTesters",
            "remove",
            {"testers": "ada@example.com", "groups": "", "remove_from": "app"},
        ),
        (f"DELETE {TO_GROUP}", "prune", {"inactive_for": "30d", "dry_run": "false"}),
    ],
)
def test_a_write_that_is_answered_and_changes_nothing_fails_the_step(
    tmp_path: Path, write: str, mode: str, inputs: dict[str, str]
) -> None:
    faults = [f"{write} ignored times=always"]
    given = {"groups": "Beta testers", "on_refused": "warn", **inputs}
    with start_sandbox(world(ADA, BOB, LINK), faults=faults) as sandbox:
        done = manage(tmp_path, sandbox, mode, **given)
        assert (done.code, "accepted" in done.error) == (1, True), done.stdout
        counts = {done.outputs.get(name, "0") for name in ("added", "invited", "removed")}
        assert (counts, done.outputs.get("changed", "false")) == ({"0"}, "false")
        sandbox.end_faults()
        assert manage(tmp_path, sandbox, mode, **given).code == 0


def test_of_two_batches_only_the_one_that_apple_did_not_make_is_missing(tmp_path: Path) -> None:
    people = [person(f"t{number}") for number in range(150)]
    listed = "\n".join(str(one["email"]) for one in people)
    with start_sandbox(world(*people), faults=[f"POST {TO_GROUP} ignored"]) as sandbox:
        done = manage(tmp_path, sandbox, testers=listed, groups="Beta testers")
        assert (done.code, len(members(sandbox))) == (1, int(done.outputs["added"]))
        assert len(members(sandbox)) in (50, 100)
        assert "t1@example.com" not in done.everything
