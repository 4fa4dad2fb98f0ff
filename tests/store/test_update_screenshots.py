"""update-app-store: given these screenshots and these sets at Apple, these are uploaded and removed, in this order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from asc.api.object_store import ObjectStore
from asc.assets.model import ImageLink
from asc.assets.upload import AssetUploader
from asc.errors import Error
from asc.job.summary import image
from asc.store.locale_sync import Pace
from asc.store.media import MediaSets
from asc.store.media_plan import plan_set
from asc.store.media_sync import MediaSync
from asc.store.screenshots import read_screenshots
from asc_sandbox.plans import Store
from asc_sandbox.server import Sandbox
from sandbox.store import jpeg, png
from store.pages import update, world, writes
from support.api_client import connect
from support.sandbox import start_sandbox
from support.store import texts

QUICK = Store(media=0.0)


def write_pictures(folder: Path, names: dict[str, bytes]) -> Path:
    """Write a screenshots folder: path → bytes."""
    for name, content in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def shots(count: int, first: int = 1) -> dict[str, bytes]:
    return {f"en-US/{number}.png": png(shade=number) for number in range(first, first + count)}


def shown(sandbox: Sandbox, locale: str = "en-US", display: str = "APP_IPHONE_67") -> list[tuple[str, str]]:
    """Name and state of the screenshots of version 2.0, in their order."""
    (version,) = [
        one for one in sandbox.world.all("appStoreVersions") if one.attributes["versionString"] == "2.0"
    ]
    return [
        (shot.attributes["fileName"], shot.attributes["assetDeliveryState"]["state"])
        for text in sandbox.world.related(version, "appStoreVersionLocalizations")
        if text.attributes["locale"] == locale
        for group in sandbox.world.related(text, "appScreenshotSets")
        if group.attributes["screenshotDisplayType"] == display
        for shot in sandbox.world.related(group, "appScreenshots")
    ]


def complete(*names: str) -> list[tuple[str, str]]:
    return [(name, "COMPLETE") for name in names]


def page(*files: dict[str, Any]) -> dict[str, Any]:
    """A world whose version 2.0 has one set with these screenshots."""
    groups = [{"screenshotDisplayType": "APP_IPHONE_67", "appScreenshots": list(files)}]
    found = world()
    found["apps"][0]["appStoreVersions"][1]["appStoreVersionLocalizations"] = [
        texts("en-US", appScreenshotSets=groups)
    ]
    return found


def test_screenshots_are_uploaded_in_natural_order_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    names = {f"en-US/{number}.png": png(shade=number) for number in (10, 2, 1)}
    folder = write_pictures(tmp_path / "shots", {**names, "en-US/watch.png": png(416, 496)})
    with start_sandbox(page({"fileName": "old.png"}), store=QUICK) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, done.outputs["uploaded-screenshots"]) == (0, "4"), done.stdout
        assert shown(sandbox) == complete("1.png", "2.png", "10.png")
        assert shown(sandbox, display="APP_WATCH_SERIES_10") == complete("watch.png")
        before = writes(sandbox)
        again = update(tmp_path, sandbox, screenshots=folder)
    assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before)


def test_old_screenshots_go_only_when_the_new_ones_are_processed(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(1))
    with start_sandbox(page({"fileName": "old.png"}), store=Store(media=0.3)) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        methods = [line.split()[0] for line in writes(sandbox)]
        assert methods.index("DELETE") > methods.index("PATCH")
        failing = start_sandbox(page({"fileName": "old.png"}), store=Store(media=0.0, media_outcome="failed"))
    with failing as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, shown(sandbox)) == (1, complete("old.png"))
    assert "en-US" in done.error
    assert "1.png" in done.error


def test_a_full_set_makes_as_many_places_as_it_needs(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(10))
    old = [{"fileName": f"old{number}.png"} for number in range(10)]
    with start_sandbox(page(*old), store=Store(media=0.0, lag=0.2)) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert done.code == 0, done.stdout
        sandbox.skip(5)
        assert shown(sandbox) == complete(*(f"{number}.png" for number in range(1, 11)))


def test_another_order_costs_one_write(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(2))
    with start_sandbox(page(), store=QUICK) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        before = len(writes(sandbox))
        (folder / "en-US/1.png").rename(folder / "en-US/3.png")
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        assert len(writes(sandbox)) == before + 1
        assert shown(sandbox) == complete("2.png", "1.png")


def test_mode_add_keeps_what_is_there_and_replace_uploads_all(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(1))
    with start_sandbox(page({"fileName": "old.png"}), store=QUICK) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder, screenshots_mode="add").code == 0
        assert shown(sandbox) == complete("old.png", "1.png")
        done = update(tmp_path, sandbox, screenshots=folder, screenshots_mode="replace")
        assert (done.outputs["uploaded-screenshots"], shown(sandbox)) == ("1", complete("1.png"))


def test_a_place_that_a_failed_run_left_is_filled_and_dead_ones_go(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(1))
    dead = [
        {"fileName": f"{state}.png", "assetDeliveryState": state} for state in ("AWAITING_UPLOAD", "FAILED")
    ]
    with start_sandbox(page(*dead), store=QUICK, faults=["PUT /uploads/*/* status=400"]) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder).code != 0
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        assert shown(sandbox) == complete("1.png")
        assert writes(sandbox).count("POST /v1/appScreenshots") == 1


@pytest.mark.parametrize(
    "fault",
    [
        "POST /v1/appScreenshotSets lost",
        "POST /v1/appScreenshots lost",
        "PATCH /v1/appScreenshots/* lost",
        "DELETE /v1/appScreenshots/* lost",
        "PUT /uploads/*/* status=503",
    ],
)
def test_a_lost_answer_leads_to_no_second_picture(tmp_path: Path, fault: str) -> None:
    files = {**shots(2), "en-US/watch.png": png(416, 496)}
    folder = write_pictures(tmp_path / "shots", files)
    with start_sandbox(page({"fileName": "old.png"}), store=QUICK, faults=[fault]) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, shown(sandbox)) == (0, complete("1.png", "2.png")), done.stdout
        assert shown(sandbox, display="APP_WATCH_SERIES_10") == complete("watch.png")


def test_screenshots_of_39_locales_unchanged_cost_46_requests_at_most(tmp_path: Path) -> None:
    from asc.apps.texts import LOCALES

    locales = LOCALES[:39]
    picture = png(416, 496)
    folder = write_pictures(tmp_path / "shots", {f"{one}/1.png": picture for one in locales})
    with start_sandbox(world(locales), store=QUICK) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        before = len(sandbox.requests)
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, done.outputs["changed"]) == (0, "false")
        assert len(sandbox.requests) - before <= 46


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("en-US/1.png", png(1284, 2779), "1284 × 2778"),
        ("en-US/1.png", png(alpha=True), "alpha"),
        ("en-US/1.png", jpeg(), "jpeg"),
        ("en-US/1.jpg", jpeg(channels=4), "CMYK"),
        ("en-US/1.png", png()[:-20], "cut off"),
        ("en-US/1.png", b"", "empty"),
        ("en-US/1.png", png(1920, 1080), "APPLE_TV"),
        ("en-US/1.gif", b"GIF89a", "PNG or JPEG"),
        ("english/1.png", png(), "english"),
        ("default/1.png", png(), "no locale"),
        ("en-US/1.png", png(shade=9), "same bytes"),
        ("en-US/1.png", png(shade=1), "number 11"),
    ],
)
def test_a_bad_picture_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    many = shots(10, first=2) if said == "number 11" else {"en-US/2.png": png(shade=9)}
    folder = write_pictures(tmp_path / "shots", {name: content, **many})
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, list(sandbox.requests)) == (2, [])
    assert said in done.error


def test_wait_none_leaves_the_old_picture_to_the_next_run(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(1))
    with start_sandbox(page({"fileName": "old.png"}), store=Store(media=0.4)) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder, wait="none")
        assert (done.code, [name for name, _ in shown(sandbox)]) == (0, ["old.png", "1.png"])
        again = update(tmp_path, sandbox, screenshots=folder)
        assert (again.code, shown(sandbox)) == (0, complete("1.png"))
        assert writes(sandbox).count("POST /v1/appScreenshots") == 1


def test_a_run_waits_for_pictures_that_an_earlier_one_sent_and_changes_nothing(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(2))
    with start_sandbox(page(), store=Store(media=0.4)) as sandbox:
        update(tmp_path, sandbox, screenshots=folder, wait="none", parallel=1)
        before = writes(sandbox)
        again = update(tmp_path, sandbox, screenshots=folder)
        assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before)
        assert shown(sandbox) == complete("1.png", "2.png")


def test_a_picture_that_apple_does_not_begin_to_process_is_taken_back_for_the_next_run(
    tmp_path: Path,
) -> None:
    folder = write_pictures(tmp_path / "shots", shots(1))
    stuck = start_sandbox(page({"fileName": "old.png"}), store=Store(media_outcome="never"))
    with stuck as sandbox, connect(sandbox) as client:
        (text_id,) = [
            text.id
            for text in sandbox.world.all("appStoreVersionLocalizations")
            if sandbox.world.related(text, "appScreenshotSets")
        ][1:]
        storage = ObjectStore(client.settings, client.clock, 1, client.traffic.time_there)
        media = MediaSets(client, AssetUploader(client, storage, parallel=1))
        there = media.sets(text_id)["APP_IPHONE_67"]
        plan = plan_set("en-US", text_id, there, read_screenshots(folder, "IOS").files, "sync")
        pace = Pace(1, client.clock.monotonic() + 60, stall=0.0)
        with pytest.raises(Error, match=r"1\.png \(UPLOAD_COMPLETE\)"):
            MediaSync(client, media, pace).run([plan])
        assert shown(sandbox) == complete("old.png")


def test_two_pictures_whose_names_apple_cannot_tell_apart_get_a_place_each(tmp_path: Path) -> None:
    names = {"en-US/\u00e9.png": png(shade=1), "en-US/e.png": png(shade=2)}
    folder = write_pictures(tmp_path / "shots", names)
    faults = ["POST /v1/appScreenshots lost times=2"]
    with start_sandbox(page(), store=QUICK, faults=faults) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder)
        assert (done.code, shown(sandbox)) == (0, complete("e.png", "e.png")), done.stdout
        assert writes(sandbox).count("POST /v1/appScreenshots") == 2


def test_pictures_that_apple_copies_into_a_new_version_are_waited_for_and_not_sent(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(2))
    with start_sandbox(page(), store=Store(media=0.0, lag=0.4)) as sandbox:
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        for version in sandbox.world.all("appStoreVersions"):
            sandbox.world.change(version, appVersionState="READY_FOR_DISTRIBUTION")
        before = len(writes(sandbox))
        done = update(tmp_path, sandbox, screenshots=folder, version="3.0")
        assert (done.code, done.outputs["uploaded-screenshots"]) == (0, "0"), done.stdout
        assert [line.split()[0] for line in writes(sandbox)[before:]] == ["POST"]


def test_the_summary_shows_kept_files_and_pictures_of_apples_server_alone(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shots", shots(2))
    with start_sandbox(page(), store=QUICK) as sandbox:
        assert update(tmp_path, sandbox, screenshots=write_pictures(tmp_path / "one", shots(1))).code == 0
        done = update(tmp_path, sandbox, screenshots=folder)
    assert "| en-US | APP\\_IPHONE\\_67 | 1 file | kept |  |" in done.summary
    apple = ImageLink("https://is1-ssl.mzstatic.com/image/thumb/a/b.png/{w}x{h}bb.{f}", 1290, 2796)
    assert image(apple.thumbnail(120), 120).startswith('<img src="https://is1-ssl.mzstatic.com/')
    for url in (
        "https://example.com/a.png",
        'https://is1-ssl.mzstatic.com/a"onload=x.png',
        "http://127.0.0.1/a",
    ):
        assert image(url, 120) == ""


def test_a_refused_picture_is_told_with_its_locale_set_and_name_and_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    folder = write_pictures(tmp_path / "shots", {**shots(2), "de-DE/9.png": png(shade=9)})
    faults = ["POST /v1/appScreenshots status=409 times=1"]
    with start_sandbox(world(("en-US", "de-DE")), store=QUICK, faults=faults) as sandbox:
        done = update(tmp_path, sandbox, screenshots=folder, parallel=1)
        assert done.code == 1
        assert re.search(r"(en-US|de-DE) APP_IPHONE_67 \d\.png: .*409", done.error)
        assert update(tmp_path, sandbox, screenshots=folder).code == 0
        assert shown(sandbox) == complete("1.png", "2.png")
        assert shown(sandbox, "de-DE") == complete("9.png")
