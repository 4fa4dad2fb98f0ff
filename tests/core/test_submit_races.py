"""submit-app-store beside another job that submits the same version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asc.api.client import Client
from asc.commands import submit_app_store
from asc.commands.submit_app_store.plan import make_plan
from asc.store.submission import make_draft
from asc.store.submission import submit as send
from core.app_store_review import NEVER, submissions, submit, version_of, world
from support.api_client import connect
from support.sandbox import start_sandbox


def test_a_version_that_another_job_submits_between_plan_and_draft_is_submitted_once(tmp_path: Path) -> None:
    refused = (
        "POST /v1/reviewSubmissions status=409 code=STATE_ERROR detail='There is another reviewSubmissions'"
    )
    with start_sandbox(world(), store=NEVER) as sandbox, connect(sandbox) as client:
        planned = version_of(client)
        done = submit(tmp_path, sandbox)
        sandbox.add_fault(refused)
        joined = make_draft(client, "1000000001", planned)
        assert (joined.id, joined.state) == (done.outputs["submission-id"], "WAITING_FOR_REVIEW")
        assert submissions(sandbox) == ["WAITING_FOR_REVIEW"]


def test_another_build_that_another_job_attached_before_the_submission_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:

        def after_a_rival(client: Client, *rest: Any) -> None:
            (version,) = [
                one
                for one in sandbox.world.all("appStoreVersions")
                if one.attributes["versionString"] == "2.0"
            ]
            sandbox.world.relate(version, "build", "BUILD-9")
            send(client, *rest)

        monkeypatch.setattr(submit_app_store, "submit", after_a_rival)
        done = submit(tmp_path, sandbox)
        assert (done.code, "build 9, not 8" in done.stdout) == (1, True), done.stdout
        assert done.outputs["state"] == "WAITING_FOR_REVIEW"


def test_a_build_that_apple_refuses_because_another_job_submitted_the_version_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_sandbox(world(), store=NEVER) as sandbox:

        def after_a_rival(*inputs: Any) -> Any:
            plan = make_plan(*inputs)
            monkeypatch.setattr(submit_app_store, "make_plan", make_plan)
            assert submit(tmp_path, sandbox).code == 0
            return plan

        monkeypatch.setattr(submit_app_store, "make_plan", after_a_rival)
        done = submit(tmp_path, sandbox)
        assert (done.code, submissions(sandbox)) == (0, ["WAITING_FOR_REVIEW"]), done.stdout
        assert done.outputs["submission-id"] == sandbox.world.all("reviewSubmissions")[0].id


@pytest.mark.parametrize("reading", ["read_open", "read_versions"])
def test_a_version_that_another_job_submits_while_this_one_reads_is_not_in_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: str
) -> None:
    read = getattr(submit_app_store, reading)
    with start_sandbox(world(), store=NEVER) as sandbox:

        def before_a_rival(*inputs: Any) -> Any:
            result = read(*inputs)
            monkeypatch.setattr(submit_app_store, reading, read)
            assert submit(tmp_path, sandbox).code == 0
            return result

        monkeypatch.setattr(submit_app_store, reading, before_a_rival)
        done = submit(tmp_path, sandbox)
        assert (done.code, submissions(sandbox)) == (0, ["WAITING_FOR_REVIEW"]), done.stdout
        assert done.outputs["submission-id"] == sandbox.world.all("reviewSubmissions")[0].id
