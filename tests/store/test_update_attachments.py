"""update-app-store and files for reviewers: added, kept, removed, and left alone if the input is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from store.pages import update, world, writes
from support.sandbox import start_sandbox

CONTACT = "first_name: Ada\nlast_name: Example\nphone_number: +1 555 555 0100\nemail_address: ada@example.com"


def attached(sandbox: Sandbox) -> set[tuple[str, str]]:
    """Name and state of the attachments of version 2.0."""
    (version,) = [
        one for one in sandbox.world.all("appStoreVersions") if one.attributes["versionString"] == "2.0"
    ]
    return {
        (file.attributes["fileName"], file.attributes["assetDeliveryState"]["state"])
        for detail in sandbox.world.related(version, "appStoreReviewDetail")
        for file in sandbox.world.related(detail, "appStoreReviewAttachments")
    }


def files(folder: Path, **contents: str) -> str:
    for name, content in contents.items():
        (folder / f"{name}.pdf").write_text(content)
    return ", ".join(str(folder / f"{name}.pdf") for name in contents)


def test_attachments_are_added_kept_and_removed(tmp_path: Path) -> None:
    with start_sandbox(world(), store=Store(media=0.0)) as sandbox:
        one = files(tmp_path, one="1", two="2")
        done = update(tmp_path, sandbox, review_attachments=one)
        assert (done.code, attached(sandbox)) == (0, {("one.pdf", "COMPLETE"), ("two.pdf", "COMPLETE")}), (
            done.stdout
        )
        before = writes(sandbox)
        again = update(tmp_path, sandbox, review_attachments=one)
        assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before)
        assert update(tmp_path, sandbox, review_attachments=files(tmp_path, two="2", three="3")).code == 0
        assert {name for name, _ in attached(sandbox)} == {"two.pdf", "three.pdf"}
        assert update(tmp_path, sandbox, release_notes="New.").code == 0
        assert len(attached(sandbox)) == 2
        assert update(tmp_path, sandbox, review_attachments="none").code == 0
        assert attached(sandbox) == set()


@pytest.mark.parametrize(
    "fault",
    [
        "POST /v1/appStoreReviewAttachments lost",
        "PATCH /v1/appStoreReviewAttachments/* lost",
        "DELETE /v1/appStoreReviewAttachments/* lost",
    ],
)
def test_a_lost_answer_leads_to_no_second_attachment(tmp_path: Path, fault: str) -> None:
    with start_sandbox(world(), store=Store(media=0.0), faults=[fault]) as sandbox:
        assert update(tmp_path, sandbox, review_attachments=files(tmp_path, one="1")).code == 0
        assert update(tmp_path, sandbox, review_attachments=files(tmp_path, two="2")).code == 0
        assert attached(sandbox) == {("two.pdf", "COMPLETE")}


def test_attachments_come_with_review_information_that_the_same_run_makes(tmp_path: Path) -> None:
    seed = world()
    for version in seed["apps"][0]["appStoreVersions"]:
        version.pop("appStoreReviewDetail")
    with start_sandbox(seed, store=Store(media=0.0)) as sandbox:
        one = files(tmp_path, one="1")
        refused = update(tmp_path, sandbox, review_attachments=one)
        assert (refused.code, writes(sandbox)) == (1, [])
        done = update(tmp_path, sandbox, review_attachments=one, review_info=CONTACT)
        assert (done.code, attached(sandbox)) == (0, {("one.pdf", "COMPLETE")}), done.stdout
    assert '"field": "first_name", "before": "", "after": "(hidden)"' in done.outputs["changes"]
