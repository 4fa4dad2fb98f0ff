"""update-app-store: given these files and this page at Apple, these texts are written and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from asc.apps.texts import LOCALES
from asc.errors import Error
from asc.store import page as page_module
from asc.store.comparing import compare_page
from asc.store.page import AppFacts, Info, Page, read_app, read_page
from asc.store.page_plan import UpdateOptions
from asc.store.texts_plan import plan_page
from asc.store.version import read_versions
from asc.store.wanted import Place, Text, WantedPage
from core.running import in_job
from store.pages import BUNDLE_ID, page_of, update, world, write_files, writes
from support.api_client import connect
from support.clock import QuickClock
from support.sandbox import app, seed, start_sandbox


def test_texts_that_differ_are_written_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    files = write_files(
        tmp_path / "metadata",
        {
            "en-US/description.txt": "Better.\r\n",
            "en-US/subtitle.txt": "Notes",
            "de-DE/name.txt": "Beispiel",
            "de-DE/description.txt": "Gut.",
            "copyright.txt": "{year} Example Team",
            "primary_category.txt": "PRODUCTIVITY",
            "review_information/notes.txt": "Tap the button.",
        },
    )
    with start_sandbox(world()) as sandbox:
        done = update(
            tmp_path, sandbox, metadata=files, age_rating="gambling: true", third_party_content="true"
        )
        assert done.code == 0, done.stdout
        page = page_of(sandbox)
        assert (page["en-US"]["description"], page["de-DE"]["description"]) == ("Better.", "Gut.")
        assert done.outputs["changed"] == "true"
        assert {"locale": "en-US", "field": "subtitle", "before": "", "after": "Notes"} in json.loads(
            done.outputs["changes"]
        )
        assert "| en-US | description | An example. | Better. |" in done.summary
        before = writes(sandbox)
        again = update(
            tmp_path, sandbox, metadata=files, age_rating="gambling: true", third_party_content="true"
        )
    assert (again.code, again.outputs["changed"], writes(sandbox)) == (0, "false", before)


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    with start_sandbox(world(under_way=False)) as sandbox:
        done = update(tmp_path, sandbox, version="2.0", release_notes="New.", dry_run="true")
        assert (done.code, writes(sandbox), done.outputs["changed"]) == (0, [], "true")
    assert "Plan: create version 2.0" in done.stdout
    assert "| New. |" in done.summary


def test_a_version_is_made_and_gets_the_texts_that_apple_does_not_copy(tmp_path: Path) -> None:
    with start_sandbox(world(under_way=False)) as sandbox:
        done = update(tmp_path, sandbox, version="2.0", release_notes="New.")
        assert (done.code, done.outputs["created"]) == (0, "true"), done.stdout
        assert page_of(sandbox)["en-US"]["whatsNew"] == "New."
        assert len([write for write in writes(sandbox) if write.startswith("POST")]) == 1


def test_an_editable_version_of_another_number_is_renamed(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        assert update(tmp_path, sandbox, version="3.0").code == 0
        assert page_of(sandbox, "3.0")


def test_an_unchanged_page_in_39_locales_costs_6_requests_at_most(tmp_path: Path) -> None:
    locales = LOCALES[:39]
    files = write_files(tmp_path / "m", {f"{one}/description.txt": "An example." for one in locales})
    with start_sandbox(world(locales)) as sandbox:
        update(tmp_path, sandbox, metadata=files)
        before = len(sandbox.requests)
        done = update(tmp_path, sandbox, metadata=files)
        assert (done.code, done.outputs["changed"]) == (0, "false"), done.stdout
        assert len(sandbox.requests) - before <= 6


def test_a_locale_that_apple_refuses_does_not_stop_the_others(tmp_path: Path) -> None:
    files = write_files(tmp_path / "m", {"en-US/name.txt": "Taken", "de-DE/description.txt": "Gut."})
    with start_sandbox(world(("en-US", "de-DE"), takenNames=["Taken"])) as sandbox:
        done = update(tmp_path, sandbox, metadata=files)
        assert (done.code, page_of(sandbox)["de-DE"]["description"]) == (1, "Gut.")
    assert "en-US" in done.error


def test_a_version_in_review_is_not_written_but_for_its_promotional_text(tmp_path: Path) -> None:
    with start_sandbox(world(state="WAITING_FOR_REVIEW")) as sandbox:
        refused = update(tmp_path, sandbox, texts="en-US: {description: Other, promotional_text: Now.}")
        assert (refused.code, writes(sandbox)) == (1, [])
        assert "withdraw" in refused.error
        assert update(tmp_path, sandbox, texts="en-US: {promotional_text: Now.}").code == 0
        assert page_of(sandbox)["en-US"]["promotionalText"] == "Now."


@pytest.mark.parametrize(("notes", "code"), [("New.", 0), ("Others.", 1)])
def test_a_version_that_another_job_submits_meanwhile_is_good_with_the_same_texts_alone(
    tmp_path: Path, notes: str, code: int
) -> None:
    with start_sandbox(
        world(), faults=["PATCH /v1/appStoreVersionLocalizations/* status=429 times=1"]
    ) as sandbox:

        def another_job_submits() -> None:
            (version,) = [
                version
                for version in sandbox.world.all("appStoreVersions")
                if version.attributes["versionString"] == "2.0"
            ]
            if version.attributes["appVersionState"] == "PREPARE_FOR_SUBMISSION":
                (text,) = sandbox.world.related(version, "appStoreVersionLocalizations")
                sandbox.world.change(text, whatsNew=notes)
                sandbox.world.change(version, appVersionState="WAITING_FOR_REVIEW")

        given = {"bundle-id": BUNDLE_ID, "metadata": "none", "release-notes": "New."}
        clock = QuickClock(sandbox, at_pause=another_job_submits)
        done = in_job(tmp_path, given, sandbox=sandbox, command="update-app-store", clock=clock)
    assert done.code == code, done.everything
    assert "WAITING_FOR_REVIEW" in done.everything


def test_target_live_changes_the_promotional_text_of_the_live_version(tmp_path: Path) -> None:
    files = write_files(
        tmp_path / "m", {"en-US/promotional_text.txt": "Now.", "en-US/description.txt": "Other."}
    )
    with start_sandbox(world()) as sandbox:
        assert update(tmp_path, sandbox, metadata=files, target="live").code == 0
        assert len(writes(sandbox)) == 1
        assert page_of(sandbox, "1.0")["en-US"]["promotionalText"] == "Now."


def test_clear_empties_a_text_and_an_empty_file_does_not(tmp_path: Path) -> None:
    files = write_files(tmp_path / "m", {"en-US/support_url.txt": "", "en-US/marketing_url.txt": "\n"})
    with start_sandbox(world()) as sandbox:
        assert update(tmp_path, sandbox, metadata=files, clear="keywords").code == 0
        page = page_of(sandbox)["en-US"]
    assert (page["keywords"], page["supportUrl"]) == (None, "https://example.com/support")


@pytest.mark.parametrize(
    "fault", ["POST /v1/appStoreVersions lost", "PATCH /v1/appStoreVersionLocalizations/* lost"]
)
def test_a_lost_answer_leads_to_no_second_write(tmp_path: Path, fault: str) -> None:
    with start_sandbox(world(under_way=False), faults=[fault]) as sandbox:
        done = update(tmp_path, sandbox, version="2.0", release_notes="New.")
        assert (done.code, page_of(sandbox)["en-US"]["whatsNew"]) == (0, "New."), done.stdout
        assert len(writes(sandbox)) == 2


def test_texts_that_apple_copies_late_are_waited_for(tmp_path: Path) -> None:
    from asc_sandbox.plans import Store

    with start_sandbox(world(under_way=False), store=Store(lag=0.5)) as sandbox:
        done = update(tmp_path, sandbox, version="2.0", release_notes="New.")
        assert (done.code, page_of(sandbox)["en-US"]["whatsNew"]) == (0, "New."), done.stdout


def test_release_notes_of_a_first_version_are_left_out_with_a_warning(tmp_path: Path) -> None:
    with start_sandbox(seed(apps=[app(BUNDLE_ID)])) as sandbox:
        done = update(
            tmp_path, sandbox, version="1.0", texts="en-US: {description: One., release_notes: New.}"
        )
        assert done.code == 0, done.stdout
        page = page_of(sandbox, "1.0")["en-US"]
    assert (page["description"], page.get("whatsNew")) == ("One.", None)
    assert any("Release notes" in message for message in done.log.messages("warning"))


def test_the_plan_says_what_it_costs_and_what_is_left_of_the_hour(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, release_notes="New.", dry_run="true")
    # Two reads go side by side, so that either of their answers may be the last one seen.
    assert re.search(r"Plan: about 3 requests; 349\d are left this hour", done.stdout)


def test_the_password_of_the_demo_account_shows_nowhere(tmp_path: Path) -> None:
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, review_info="demo_user: tester\ndemo_password: hunter2-secret")
        (detail,) = [
            one for one in sandbox.world.all("appStoreReviewDetails") if one.attributes.get("demoAccountName")
        ]
        assert detail.attributes["demoAccountPassword"] == "hunter2-secret"
    shown = "\n".join(line for line in done.everything.splitlines() if "::add-mask::" not in line)
    assert (done.code, "hunter2" in shown) == (0, False)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("english/name.txt", "Example", "english"),
        ("nb-NO/name.txt", "Example", "nb-NO"),
        ("en-US/name.txt", "E", "name.txt:1"),
        ("en-US/subtitle.txt", "\n\n" + "x" * 31, "subtitle.txt:3"),
        ("en-US/keywords.txt", "k" * 101, "keywords.txt:1"),
        ("en-US/support_url.txt", "example.com", "support_url.txt:1"),
        ("review_information/phone_number.txt", "555 0100", "phone_number.txt:1"),
        ("review_information/demo_user.txt", "tester", "demo_user.txt:1"),
        ("review_information/demo_required.txt", "ture", "demo_required.txt:1"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_before_anything_is_sent(
    tmp_path: Path, path: str, text: str, line: str
) -> None:
    files = write_files(tmp_path / "m", {path: text, "en-US/marketing_url.txt": "nowhere"})
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, metadata=files)
        assert (done.code, list(sandbox.requests)) == (2, [])
    assert line in done.error
    assert "marketing_url.txt:1" in done.error


@pytest.mark.parametrize(
    "inputs",
    [
        {"age_rating": "gamblng: true"},
        {"age_rating": "violenceRealistic: SOMETIMES"},
        {"age_rating": "seventeenPlus: true"},
        {"clear": "subtitel"},
        {"target": "live", "copyright": "2026"},
        {"categories": "primary_category: GAMES\nprimary_first_sub_category: STICKERS_ART"},
        {"texts": "en-US: {naem: x}"},
        {"texts": "en-US: {name: Example}\nEN-us: {name: Other}"},
        {"texts": "en-US: {subtitle: Notes}", "clear": "subtitle"},
        {"release_notes": "New.", "release_notes_file": __file__},
        {"release_notes_file": "missing.txt"},
        {"release_notes": "en-US: New.\nen-US: Newer."},
        {"release_notes": '{"en-US": "New.", "en-US": "Newer."}'},
        {"remove_locales": "true"},
        {"remove_locales": "true", "locales": "en-US", "texts": "en-US: {name: Example}"},
        {"review_attachments": "missing.pdf"},
    ],
)
def test_a_bad_input_is_refused_before_anything_is_sent(tmp_path: Path, inputs: dict[str, str]) -> None:
    with start_sandbox(world()) as sandbox:
        assert (update(tmp_path, sandbox, **inputs).code, list(sandbox.requests)) == (2, [])


def test_release_notes_of_39_locales_cost_45_requests_at_most_also_if_the_app_has_one_name(
    tmp_path: Path,
) -> None:
    with start_sandbox(world(LOCALES[:39])) as sandbox:
        done = update(tmp_path, sandbox, release_notes="New.")
        assert (done.code, {text["whatsNew"] for text in page_of(sandbox).values()}) == (0, {"New."}), (
            done.stdout
        )
        assert len(writes(sandbox)) == 39
        assert len(sandbox.requests) <= 45
    assert any("no name in" in message for message in done.log.messages("warning"))


def test_a_new_locale_whose_name_is_refused_is_made_whole_by_the_next_run(tmp_path: Path) -> None:
    files = {"de-DE/name.txt": "Taken", "de-DE/description.txt": "Gut."}
    with start_sandbox(world(takenNames=["Taken"])) as sandbox:
        assert update(tmp_path, sandbox, metadata=write_files(tmp_path / "m", files)).code == 1
        assert "de-DE" not in page_of(sandbox)
        files["de-DE/name.txt"] = "Frei"
        assert update(tmp_path, sandbox, metadata=write_files(tmp_path / "m", files)).code == 0
        assert page_of(sandbox)["de-DE"]["description"] == "Gut."
        names = [text.attributes["name"] for text in sandbox.world.all("appInfoLocalizations")]
    assert "Frei" in names


def test_a_text_that_apple_does_not_keep_fails_the_step_by_its_name() -> None:
    wishes = UpdateOptions(WantedPage({"en-US": {"description": Text("Ours.", Place("texts"))}}))
    with start_sandbox(world()) as sandbox, connect(sandbox) as client:
        app = read_app(client, BUNDLE_ID, None)
        page = read_page(client, app.id, read_versions(client, app.id, "IOS")[0])
        lost = plan_page(app, page, wishes, is_first=False).plan.changes
        with pytest.raises(Error, match="en-US description"):
            compare_page(client, app, page, wishes, lost, is_first=False)


def test_answers_to_an_age_rating_that_apple_does_not_show_are_an_error() -> None:
    wishes = UpdateOptions(WantedPage(age_rating={"gambling": False}))
    app = AppFacts("1000000001", BUNDLE_ID, "en-US", "")
    page = Page(None, info=Info("INFO", "PREPARE_FOR_SUBMISSION"))
    with pytest.raises(Error, match="age-rating"):
        plan_page(app, page, wishes, is_first=False)


def test_names_and_categories_without_an_app_info_at_apple_are_an_error() -> None:
    app = AppFacts("1000000001", BUNDLE_ID, "en-US", "")
    name = Text("Example", Place("name.txt"))
    for page in (
        WantedPage(texts={"en-US": {"name": name}}),
        WantedPage(categories={"primary_category": name}),
    ):
        with pytest.raises(Error, match="shows no app info"):
            plan_page(app, Page(None), UpdateOptions(page), is_first=False)


def test_remove_locales_removes_what_the_files_do_not_have_but_for_the_primary_language(
    tmp_path: Path,
) -> None:
    files = write_files(tmp_path / "m", {"de-DE/description.txt": "Gut."})
    with start_sandbox(world(("en-US", "de-DE", "fr-FR"))) as sandbox:
        done = update(tmp_path, sandbox, metadata=files, remove_locales="true")
        assert (done.code, set(page_of(sandbox))) == (0, {"en-US", "de-DE"}), done.stdout
        before = writes(sandbox)
        again = update(tmp_path, sandbox, metadata=files, remove_locales="true")
        assert (again.outputs["changed"], writes(sandbox)) == ("false", before)
    assert "| fr-FR | locale | present | removed |" in done.summary


def test_remove_locales_leaves_names_that_another_platform_shows(tmp_path: Path) -> None:
    given = world(("en-US", "fr-FR"))
    given["apps"][0]["appStoreVersions"].append({"versionString": "1.0", "platform": "MAC_OS"})
    with start_sandbox(given) as sandbox:
        assert update(tmp_path, sandbox, texts="fr-FR: {name: Exemple}").code == 0
        assert update(tmp_path, sandbox, texts="en-US: {name: Example}", remove_locales="true").code == 0
        names = [text.attributes["locale"] for text in sandbox.world.all("appInfoLocalizations")]
        assert (set(page_of(sandbox)), "fr-FR" in names) == ({"en-US"}, True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("New: search.\n", ("New: search.",) * 2), ("en-US: New.\nde-DE: Neu.\n", ("New.", "Neu."))],
)
def test_release_notes_come_from_a_file_with_a_text_or_a_mapping(
    tmp_path: Path, content: str, expected: tuple[str, str]
) -> None:
    file = tmp_path / "notes.md"
    file.write_text(content)
    with start_sandbox(world(("en-US", "de-DE"))) as sandbox:
        assert update(tmp_path, sandbox, release_notes_file=file).code == 0
        page = page_of(sandbox)
    assert (page["en-US"]["whatsNew"], page["de-DE"]["whatsNew"]) == expected


def test_the_contact_of_the_review_is_in_no_log_summary_or_output(tmp_path: Path) -> None:
    contact = "email_address: grace@example.com\nphone_number: +1 555 555 0199\nlast_name: Hopperling"
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, review_info=contact)
    assert done.code == 0
    shown = "\n".join(line for line in done.everything.splitlines() if "::add-mask::" not in line)
    assert "(hidden)" in shown
    assert [personal for personal in ("grace@", "0199", "Hopperling") if personal in shown] == []


@pytest.mark.parametrize("name", ["metadata", "release_notes_file", "review_attachments"])
def test_a_single_file_that_is_a_link_out_of_the_workspace_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outside = tmp_path / "outside.yml"
    outside.write_text("en-US: {name: Secret}")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Path("store.yml").symlink_to(outside)
    with start_sandbox(world()) as sandbox:
        done = update(tmp_path, sandbox, **{name: "store.yml"})
        assert (done.code, list(sandbox.requests)) == (2, [])
    assert "Secret" not in done.everything


def test_remove_locales_takes_the_names_as_well(tmp_path: Path) -> None:
    with start_sandbox(world(("en-US", "fr-FR"))) as sandbox:
        assert update(tmp_path, sandbox, texts="fr-FR: {name: Exemple}").code == 0
        done = update(tmp_path, sandbox, texts="en-US: {name: Example}", remove_locales="true")
        names = [text.attributes["locale"] for text in sandbox.world.all("appInfoLocalizations")]
    assert (done.code, set(names)) == (0, {"en-US"}), done.stdout


def test_more_locales_than_apple_includes_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Apple has as many locales as it includes today: the list is longer only if it gets another one.
    monkeypatch.setattr(page_module, "is_cut", lambda resource, name: True)
    with start_sandbox(world(("en-US", "fr-FR"))) as sandbox:
        first = update(tmp_path, sandbox, texts="fr-FR: {name: Exemple, description: Bien.}")
        assert first.code == 0, first.stdout
        before = writes(sandbox)
        again = update(tmp_path, sandbox, texts="fr-FR: {name: Exemple, description: Bien.}")
        lists = {entry.path.rsplit("/", 1)[1] for entry in sandbox.requests if "Localizations" in entry.path}
        assert (again.outputs["changed"], writes(sandbox)) == ("false", before)
    assert {"appInfoLocalizations", "appStoreVersionLocalizations"} <= lists
