"""The simple lines of a Deliverfile fill inputs that are not given; what they cannot say is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.running import Done, in_job
from store.pages import BUNDLE_ID, page_of, world, write_files, writes
from support.sandbox import start_sandbox

LINES = """\
# ours
app_identifier("com.example.app")
app_version '2.0'   # the next one
metadata_path "{folder}"
skip_screenshots true
screenshots_path "nowhere"
copyright "2026 Deliver Team"
primary_category "BOOKS"
submit_for_review true
automatic_release false
username "ada@example.com"
release_notes({{
  'en-US' => "Hash"
}})
name ENV["NAME"]
"""


def run(folder: Path, text: str, command: str = "update-app-store", **inputs: str) -> Done:
    path = folder / "Deliverfile"
    path.write_text(text)
    return in_job(folder, {"deliverfile": str(path), **inputs}, command=command, sandbox=None)


def test_its_lines_are_inputs_and_inputs_beat_them(tmp_path: Path) -> None:
    files = write_files(tmp_path / "metadata", {"en-US/description.txt": "From the folder."})
    path = tmp_path / "Deliverfile"
    path.write_text(LINES.format(folder=files))
    with start_sandbox(world()) as sandbox:
        done = in_job(
            tmp_path,
            {"deliverfile": str(path), "copyright": "2026 Input"},
            sandbox=sandbox,
            command="update-app-store",
        )
        assert done.code == 0, done.stdout
        assert page_of(sandbox)["en-US"]["description"] == "From the folder."
        (version,) = [
            one for one in sandbox.world.all("appStoreVersions") if one.attributes["versionString"] == "2.0"
        ]
        assert version.attributes["copyright"] == "2026 Input"
        told = [line for line in done.log.messages("warning") if "Deliverfile" in line]
        assert [line.split(":")[1] for line in told] == ["11", "12", "15"]
        assert "Set the input release-notes" in told[1]


def test_a_file_for_the_reviewers_is_sent(tmp_path: Path) -> None:
    path, attachment = tmp_path / "Deliverfile", tmp_path / "how-to.pdf"
    attachment.write_bytes(b"%PDF-1.7 how to")
    path.write_text(
        f'app_identifier "{BUNDLE_ID}"\nskip_metadata true\napp_review_attachment_file "{attachment}"\n'
    )
    with start_sandbox(world()) as sandbox:
        done = in_job(tmp_path, {"deliverfile": str(path)}, sandbox=sandbox, command="update-app-store")
        assert done.code == 0, done.stdout
        assert [one.attributes["fileName"] for one in sandbox.world.all("appStoreReviewAttachments")] == [
            "how-to.pdf"
        ]


def test_submission_reads_its_own_lines(tmp_path: Path) -> None:
    path = tmp_path / "Deliverfile"
    path.write_text(LINES.format(folder="metadata") + 'build_number "77"\n')
    with start_sandbox(world()) as sandbox:
        done = in_job(tmp_path, {"deliverfile": str(path)}, sandbox=sandbox, command="submit-app-store")
        assert (done.code, "77" in done.error, writes(sandbox)) == (1, True, []), done.stdout


@pytest.mark.parametrize("line", ["reset_ratings true", "price_tier 3"])
def test_a_wish_that_no_api_grants_is_a_wrong_input(tmp_path: Path, line: str) -> None:
    done = run(tmp_path, f'app_identifier "{BUNDLE_ID}"\n{line}\n')
    assert (done.code, ":2" in done.error) == (2, True)


def test_a_deliverfile_that_is_not_there_is_a_wrong_input(tmp_path: Path) -> None:
    assert in_job(tmp_path, {"deliverfile": "nowhere"}, command="check-app-store").code == 2


def test_values_of_lines_that_are_not_read_stay_out_of_the_log(tmp_path: Path) -> None:
    text = 'username "ada@example.com"\napp_review_information(\n  demo_password: "open sesame",\n)\n'
    done = run(tmp_path, text, "check-app-store")
    assert "app_review_information is not read" in done.stdout
    assert "ada@example.com" not in done.everything
    assert "open sesame" not in done.everything


def test_a_version_without_an_app_checks_the_files_only(tmp_path: Path) -> None:
    files = write_files(tmp_path / "metadata", {"en-US/description.txt": "From the folder."})
    done = run(tmp_path, 'app_version "2.0"\n', "check-app-store", metadata=str(files), urls="false")
    assert (done.code, done.outputs["online"]) == (0, "false"), done.stdout
