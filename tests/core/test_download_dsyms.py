"""download-dsyms as users see it: given this App Store Connect, when the step runs, then these files and outputs."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from asc.builds.symbols.downloading import DownloadResult
from asc.builds.symbols.model import SymbolBuild
from asc.commands.download_dsyms.report import DownloadReport
from asc_sandbox.plans import Processing
from asc_sandbox.samples.ipa import make_ipa
from core.running import by_hand, in_job
from core.symbols import APP, listed, names, step, there, with_symbols, world
from support.clock import QuickClock, clock_of
from support.sandbox import build, start_sandbox, store_version

OUTPUTS = ["directory", "files", "dsym-count", "uuids", "builds", "missing", "downloaded-bytes"]


def numbers(done: Any) -> list[str]:
    return [f"{each['version']} ({each['build-number']})" for each in listed(done, "builds")]


def test_every_archive_of_a_build_and_what_is_in_it(tmp_path: Path) -> None:
    bundles = [
        {},
        {"bundleId": f"{APP}.Clip", "bundleType": "APP_CLIP"},
        {
            "bundleId": f"{APP}.watch",
            "bundleType": "WATCH_APP",
            "supportedArchitectures": ["arm64_32", "arm64"],
        },
    ]
    with start_sandbox(world(with_symbols("1.5.0", "42", *bundles, id="b-42"))) as sandbox:
        done = step(tmp_path, sandbox)
    expected = [f"{APP}-1.5.0-42.dSYM.zip", f"{APP}.Clip-1.5.0-42.dSYM.zip", f"{APP}.watch-1.5.0-42.dSYM.zip"]
    assert (done.code, list(done.outputs), there(tmp_path), names(done)) == (0, OUTPUTS, expected, expected)
    assert done.outputs["directory"] == str(tmp_path / "dsyms")
    assert done.outputs["dsym-count"] == "3"
    assert [sorted(each.values()) for each in listed(done, "uuids").values()] == [
        ["arm64"],
        ["arm64"],
        ["arm64", "arm64_32"],
    ]
    assert [each["id"] for each in listed(done, "builds")] == ["b-42"]
    assert listed(done, "builds")[0]["files"] == listed(done, "files")
    sizes = [(tmp_path / "dsyms" / name).stat().st_size for name in expected]
    assert done.outputs["downloaded-bytes"] == str(sum(sizes))
    for name in expected:
        assert zipfile.ZipFile(tmp_path / "dsyms" / name).testzip() is None
        assert f"| {name} |" in done.summary
    assert done.log.messages("warning") == done.log.messages("error") == []


def test_the_symbols_of_an_uploaded_app_are_those_of_its_programs(tmp_path: Path) -> None:
    file = make_ipa(
        tmp_path / "Example.ipa",
        APP,
        "2.0",
        "9",
        extensions={"PlugIns/Share.appex": "9", "AppClips/Clip.app": "9"},
    )
    with start_sandbox(world(), processing=Processing(1)) as sandbox:
        uploaded = in_job(
            tmp_path, {"file": str(file), "wait": "none"}, sandbox=sandbox, command="upload-testflight"
        )
        assert uploaded.code == 0
        done = step(
            tmp_path, sandbox, version="2.0", build_number="9", wait="10s", if_missing="fail", extract="true"
        )
    assert (done.code, names(done)) == (0, [f"{APP}-2.0-9.dSYM.zip", f"{APP}.Clip-2.0-9.dSYM.zip"])
    assert done.outputs["dsym-count"] == "3"
    assert "Waiting up to" in done.stdout
    with zipfile.ZipFile(file) as ipa:
        programs = [
            ipa.read(name)
            for name in ipa.namelist()
            if name.endswith((".app/Example", ".appex/Share", ".app/Clip"))
        ]
    found = [
        bytes.fromhex(each.replace("-", "")) for uuids in listed(done, "uuids").values() for each in uuids
    ]
    assert len(found) == len(programs) == 3
    assert all(any(identity in program for program in programs) for identity in found)
    folder = tmp_path / "dsyms" / f"{APP}-2.0-9"
    assert sorted(path.name for path in folder.iterdir()) == ["Example.app.dSYM", "Share.appex.dSYM"]
    assert (folder / "Example.app.dSYM/Contents/Resources/DWARF/Example").is_file()


SHELF = [
    with_symbols("1.9.0", "20", uploadedDate="2026-01-01T00:00:00Z", id="live"),
    with_symbols("1.10.0", "3", uploadedDate="2026-02-01T00:00:00Z"),
    with_symbols("1.10.0", "12", uploadedDate="2026-02-02T00:00:00Z"),
    with_symbols("1.10.0", "9", uploadedDate="2026-02-03T00:00:00Z"),
    with_symbols("1.9.1", "21", uploadedDate="2026-03-01T00:00:00Z"),
    with_symbols("1.2.0", "7", platform="MAC_OS", uploadedDate="2026-01-15T00:00:00Z"),
]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["1.9.1 (21)", "1.10.0 (9)", "1.10.0 (12)", "1.10.0 (3)", "1.2.0 (7)", "1.9.0 (20)"]),
        ({"platform": "macos"}, ["1.2.0 (7)"]),
        ({"version": "1.9.1"}, ["1.9.1 (21)"]),
        ({"version": "1.9.01"}, ["1.9.1 (21)"]),
        ({"version": "1.10", "build_number": "12.0"}, ["1.10.0 (12)"]),
        ({"version": "latest", "platform": "ios"}, ["1.10.0 (9)", "1.10.0 (12)", "1.10.0 (3)"]),
        ({"version": "latest", "limit": 1}, ["1.10.0 (9)"]),
        ({"build_number": "latest"}, ["1.10.0 (12)", "1.2.0 (7)"]),
        ({"version": "1.10.0", "build_number": "latest"}, ["1.10.0 (12)"]),
        ({"version": "live"}, ["1.9.0 (20)"]),
        ({"build_number": "9"}, ["1.10.0 (9)"]),
        ({"min_version": "1.9.1"}, ["1.9.1 (21)", "1.10.0 (9)", "1.10.0 (12)", "1.10.0 (3)"]),
        ({"uploaded_after": "2026-02-02"}, ["1.9.1 (21)", "1.10.0 (9)"]),
        ({"limit": 2}, ["1.9.1 (21)", "1.10.0 (9)"]),
        ({"limit": 1, "min_version": "1.10"}, ["1.10.0 (9)"]),
    ],
)
@pytest.mark.parametrize("paged", [False, True], ids=["one-page", "pages"])
def test_which_builds_are_meant(
    tmp_path: Path, inputs: dict[str, Any], expected: list[str], paged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if paged:
        monkeypatch.setattr("asc.builds.symbols.selecting.LARGEST_PAGE", 2)
    versions = [
        store_version("1.9.0", build="live"),
        store_version("1.10.0", appVersionState="PREPARE_FOR_SUBMISSION"),
    ]
    with start_sandbox(world(*SHELF, appStoreVersions=versions)) as sandbox:
        done = step(tmp_path, sandbox, **inputs)
        rounds = [entry for entry in sandbox.requests if entry.path.startswith("/v1/")]
    assert (done.code, numbers(done)) == (0, expected)
    assert len(names(done)) == len(there(tmp_path)) == len(expected)
    if not paged:
        assert [entry.path for entry in rounds] == ["/v1/apps", "/v1/builds"]


def test_450_builds_are_asked_for_only_as_far_as_they_can_matter(tmp_path: Path) -> None:
    many = [
        build("1.0", str(number), uploadedDate=f"{number} days ago", usesNonExemptEncryption=False)
        for number in range(1, 451)
    ]
    with start_sandbox(world(*many)) as sandbox:
        for inputs, pages in [
            ({}, 3),
            ({"uploaded_after": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 100 * 86400))}, 1),
            ({"limit": 200}, 1),
            ({"limit": 201}, 2),
        ]:
            before = len(sandbox.requests)
            done = step(tmp_path, sandbox, app_id="1000000001", **inputs)
            assert (done.code, len(sandbox.requests) - before) == (0, pages), inputs


def test_the_app_id_saves_a_round_and_only_what_is_used_is_asked_for(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox, app_id="1000000001")
        asked = [entry for entry in sandbox.requests if entry.path.startswith("/v1/")]
        assert [entry.path for entry in asked] == ["/v1/builds"]
        assert all(
            f"fields%5B{name}%5D" in asked[0].query or f"fields[{name}]" in asked[0].query
            for name in ("builds", "buildBundles", "preReleaseVersions")
        )
    assert (done.code, names(done)) == (0, [f"{APP}-1.0-7.dSYM.zip"])


def test_an_unknown_app_id_lists_those_the_key_sees(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox, app_id="4711")
    assert done.code == 1
    assert "com.example.app (1000000001)" in done.error


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"bundle_id": ""}, "bundle-id"),
        ({"app-id": "1"}, "app-id"),
        ({"min_version": "1.0", "version": "1.0"}, "min-version"),
        ({"min_version": "1.0", "build_number": "latest"}, "min-version"),
        ({"min_version": "one"}, "min-version"),
        ({"version": "v1.0"}, "version"),
        ({"build_number": "1.0 (7)"}, "build-number"),
        ({"version": "latest", "build_number": "7"}, "build-number"),
        ({"version": "live", "build_number": "7"}, "build-number"),
        ({"version": "live", "build_number": "latest"}, "build-number"),
        ({"version": "latest", "uploaded_after": "2026-01-01"}, "uploaded-after"),
        ({"uploaded_after": "2999-01-01"}, "uploaded-after"),
        ({"uploaded_after": "yesterday"}, "uploaded-after"),
        ({"limit": "0"}, "limit"),
        ({"parallel_downloads": "33"}, "parallel-downloads"),
        ({"wait": "soon"}, "wait"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_asked(
    tmp_path: Path, inputs: dict[str, Any], named: str
) -> None:
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox, **inputs)
        assert sandbox.requests == ()
    assert done.code == 2
    assert f"{named}:" in done.error
    assert not (tmp_path / "dsyms").exists()


def test_the_future_begins_by_the_clock_of_the_step_and_not_by_that_of_the_machine(tmp_path: Path) -> None:
    ahead = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    with start_sandbox(world()) as sandbox:
        clock = clock_of(sandbox)
        assert step(tmp_path, sandbox, clock=clock, uploaded_after=ahead).code == 2
        clock.skip(60 * 86400)
        done = step(tmp_path, sandbox, clock=clock, uploaded_after=ahead)
    assert done.code == 0, done.stdout


WITHOUT = [
    build("1.0", "1", "PROCESSING"),
    build("1.0", "2", "INVALID"),
    build("1.0", "3", uploadedDate="9 days ago"),
    with_symbols("1.0", "4", {"includesSymbols": False}),
    with_symbols(
        "1.0", "5", {}, {"bundleId": f"{APP}.Clip", "bundleType": "APP_CLIP", "includesSymbols": False}
    ),
]
REASONS = {
    ("1", ""): "Apple is still processing the build",
    ("2", ""): "Apple refused the build (INVALID)",
    ("3", ""): "App Store Connect lists nothing that has symbols",
    ("4", ""): "it was uploaded without symbols",
    ("5", f"{APP}.Clip"): "it was uploaded without symbols",
}


@pytest.mark.parametrize("word", ["fail", "warn", "ignore"])
def test_nothing_there_is_an_answer(tmp_path: Path, word: str) -> None:
    with start_sandbox(world(*WITHOUT)) as sandbox:
        done = step(tmp_path, sandbox, if_missing=word)
    assert done.code == (1 if word == "fail" else 0)
    assert {
        (each["build-number"], each["bundle-id"]): each["reason"] for each in listed(done, "missing")
    } == REASONS
    assert names(done) == [f"{APP}-1.0-5.dSYM.zip"], "the rest is there in any case"
    assert len(done.log.messages("warning")) == (word == "warn")
    assert "missing" in done.summary
    if word == "fail":
        assert "lacks symbols (5)" in done.error


@pytest.mark.parametrize(("word", "code"), [("fail", 1), ("warn", 0), ("ignore", 0)])
def test_no_build_at_all_is_an_answer_too(tmp_path: Path, word: str, code: int) -> None:
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox, version="3.0", if_missing=word)
    assert (done.code, done.outputs["files"], done.outputs["builds"]) == (code, "[]", "[]")
    assert len(done.log.messages("warning")) == (word == "warn")


def test_a_wait_ends_with_the_symbols_or_with_the_time(tmp_path: Path) -> None:
    with start_sandbox(world(build("1.0", "7", "PROCESSING", id="b", buildBundles=[{}]))) as sandbox:
        late = step(tmp_path, sandbox, wait="1s")
        assert (late.code, len(listed(late, "missing"))) == (0, 1)
        (record,) = sandbox.world.all("builds")
        clock = QuickClock(sandbox, at_pause=lambda: sandbox.world.change(record, processingState="VALID"))
        done = step(tmp_path, sandbox, clock=clock, wait="20s")
    assert (done.code, names(done), done.outputs["missing"]) == (0, [f"{APP}-1.0-7.dSYM.zip"], "[]")


def test_run_again_nothing_is_fetched(tmp_path: Path) -> None:
    with start_sandbox(world(*SHELF)) as sandbox:
        first = step(tmp_path, sandbox, extract="true")
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "dsyms").rglob("*") if path.is_file()}
        count = len(sandbox.requests)
        again = step(tmp_path, sandbox, extract="true")
        assert [entry.path for entry in sandbox.requests[count:]] == ["/v1/apps", "/v1/builds"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.outputs == {**first.outputs, "downloaded-bytes": "0"}


def test_a_broken_file_is_fetched_again_and_all_when_that_is_wished(tmp_path: Path) -> None:
    with start_sandbox(world(with_symbols("1.0", "7"), with_symbols("1.0", "8"))) as sandbox:
        step(tmp_path, sandbox)
        broken = tmp_path / "dsyms" / f"{APP}-1.0-7.dSYM.zip"
        whole = broken.read_bytes()
        broken.write_bytes(whole[:-30])
        count = len(sandbox.requests)
        assert step(tmp_path, sandbox).outputs["downloaded-bytes"] == str(len(whole))
        assert len(sandbox.requests) - count == 3
        assert broken.read_bytes() == whole
        assert step(tmp_path, sandbox, skip_existing="false").outputs["downloaded-bytes"] != "0"


def test_the_same_numbers_on_two_platforms_are_two_files(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", "7"), with_symbols("1.0", "7", platform="MAC_OS")]
    with start_sandbox(world(*builds)) as sandbox:
        done = step(tmp_path, sandbox)
        alone = step(tmp_path, sandbox, platform="macos")
    assert sorted(names(done)) == [f"{APP}-1.0-7-macos.dSYM.zip", f"{APP}-1.0-7.dSYM.zip"]
    assert names(alone) == [f"{APP}-1.0-7-macos.dSYM.zip"]


def test_25_builds_come_side_by_side(tmp_path: Path) -> None:
    builds = [with_symbols("1.0", str(number)) for number in range(1, 26)]
    with start_sandbox(world(*builds), latency=0.1) as sandbox:
        done = step(tmp_path, sandbox)
        fetched = [entry for entry in sandbox.requests if entry.path.startswith("/symbols/")]
    assert (done.code, len(names(done))) == (0, 25)
    # A connection carries one request after the other.
    assert len({entry.connection for entry in fetched}) > 1


def test_what_is_told_of_many_builds_is_sorted_once_and_not_for_each_of_them() -> None:
    class CountedStory(DownloadReport):
        sorted_so_often = 0

        @property
        def whole(self) -> list[DownloadResult]:
            self.sorted_so_often += 1
            return super().whole

    builds = [SymbolBuild(str(number), build_number=str(number), version="1.0") for number in range(20)]
    story = CountedStory("dsyms", builds=builds)
    assert len(json.loads(story.outputs().builds)) == len(builds)
    assert story.sorted_so_often == 1


def test_files_are_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = step(tmp_path, sandbox)
    (tmp_path / "other").touch()
    assert Path(listed(done, "files")[0]).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_by_hand_the_outputs_are_printed(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = by_hand(
            *("--bundle-id", APP, "--directory", str(tmp_path / "deep/er")),
            command="download-dsyms",
            sandbox=sandbox,
            process=True,
        )
    assert (done.code, list(done.printed)) == (0, OUTPUTS)
    assert (tmp_path / "deep/er" / f"{APP}-1.0-7.dSYM.zip").is_file()
