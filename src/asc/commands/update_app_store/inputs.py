"""The inputs of update-app-store, and the store page that they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asc.commands import kinds
from asc.commands.declaration import given, given_together
from asc.commands.deliverfile import deliverfile_input
from asc.commands.naming import PLATFORM, AppInputs
from asc.commands.notes import read_notes
from asc.commands.store_files import LOCALES, METADATA, SCREENSHOTS, metadata_in
from asc.commands.text_files import text_of
from asc.errors import InputError, Problem
from asc.store import age_rating
from asc.store.checks import check_page
from asc.store.file import read_yaml
from asc.store.limits import BY_NAME, CATEGORIES, PROMOTIONAL_TEXT, RELEASE_NOTES, REVIEW
from asc.store.wanted import Finding, Place, Text, WantedPage
from asc.words import did_you_mean

VERSION, PAGE, MORE, RUN = "Version", "Store page", "Beside the files", "Run"
MEDIA = "Screenshots"
# Apple locks all but the promotional text of a version that is in the App Store.
_LIVE_INPUTS = (
    "copyright",
    "categories",
    "age_rating",
    "review_info",
    "third_party_content",
    "release_notes",
    "release_notes_file",
    "review_attachments",
    "screenshots",
    "previews",
)


def _rating(text: str) -> Mapping[str, Any]:
    # A mapping has at least one of these, and the path of a rating file has none.
    if "\n" in text or ":" in text or text.startswith("{"):
        answers: Mapping[str, Any] = kinds.MAPPING.parse(text)
        return answers
    return age_rating.read_rating(Path(kinds.PATH.parse(text)))


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The version, the files of its store page, and single texts."""

    platform: str = given(PLATFORM, "Platform of the version.", group="App", default="ios")
    version: str | None = given(
        kinds.version(),
        "Number of the version. The step creates the version if it does not exist, and renames an "
        "editable version with another number. The default is the editable version.",
        group=VERSION,
        examples=("1.6.0",),
    )
    target: str = given(
        kinds.choice(("edit", "live")),
        "`edit`: the version that can be edited. `live`: the promotional text of the live version, the only text that "
        "Apple lets change there.",
        group=VERSION,
        default="edit",
    )
    metadata: str | None = given(
        kinds.PATH,
        "fastlane's metadata folder, or one YAML file with the same names; `none` for no file. The "
        f"default is `{METADATA}` if it exists.",
        group=PAGE,
        examples=(METADATA, "store.yml"),
    )
    locales: tuple[str, ...] | None = given(
        LOCALES, "Only write the texts of these locales.", group=PAGE, examples=("en-US, de-DE",)
    )
    remove_locales: bool = given(
        kinds.BOOLEAN,
        "Remove the locales that the files do not have, with their pictures. The primary language of the app stays.",
        group=PAGE,
        default="false",
    )
    unknown_folders: str = given(
        kinds.choice(("error", "warn")),
        "Handling of folders in `metadata` that are not named after a locale.",
        group=PAGE,
        default="error",
    )
    screenshots: str | None = given(
        kinds.PATH,
        f"fastlane's screenshots folder; `none` for none. The default is `{SCREENSHOTS}` if it exists.",
        group=MEDIA,
        examples=(SCREENSHOTS,),
    )
    previews: str | None = given(
        kinds.PATH,
        "Folder of app previews, `<locale>/*.mp4`; a name holds the type, like `IPHONE_67`.",
        group=MEDIA,
        examples=("fastlane/previews",),
    )
    preview_frame: str | None = given(
        kinds.matching(r"[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2}", "a time like 00:00:05:00"),
        "Poster frame of new previews, as hours:minutes:seconds:frames.",
        group=MEDIA,
    )
    screenshots_mode: str = given(
        kinds.choice(("sync", "add", "replace")),
        "`sync`: a set with files in the folder gets exactly these files. `add`: files at Apple stay. "
        "`replace`: upload all files of the set again. Sets without files in the folder never change. "
        "Applies to previews as well.",
        group=MEDIA,
        default="sync",
    )
    parallel: int = given(
        kinds.whole_number(1, 32), "Number of files to upload at the same time.", group=MEDIA, default="16"
    )
    wait: str = given(
        kinds.choice(("processing", "none")),
        "`processing`: wait until Apple has processed the files. `none`: end after the upload; the next "
        "run deletes the old files and sets the order.",
        group=MEDIA,
        default="processing",
    )
    timeout: float = given(
        kinds.DURATION,
        "Longest time to wait until Apple has processed the files. The next run does not send files again"
        " that Apple has.",
        group=MEDIA,
        default="1h",
        examples=("20m",),
    )
    texts: str | None = given(
        kinds.TEXT,
        "Texts as YAML, locale → name → text. They take precedence over `metadata`.",
        group=MORE,
        examples=("en-US: {promotional_text: Now with widgets.}",),
    )
    release_notes: str | None = given(
        kinds.TEXT,
        "Release notes: a text for every locale, or a mapping of locales to texts.",
        group=MORE,
    )
    release_notes_file: str | None = given(
        kinds.PATH,
        "A file with the text or the mapping (YAML or JSON), instead of `release-notes`.",
        group=MORE,
        examples=("CHANGELOG.md",),
    )
    copyright: str | None = given(
        kinds.TEXT,
        "Copyright of the version; `{year}` becomes this year.",
        group=MORE,
        examples=("{year} Example Team",),
    )
    categories: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Categories by fastlane's names.",
        group=MORE,
        examples=("primary_category: PRODUCTIVITY",),
    )
    age_rating: Mapping[str, Any] | None = given(
        kinds.Kind(
            "mapping", "question: answer in YAML or JSON, or the path of fastlane's JSON file", _rating
        ),
        "Answers to the questions about the age rating, by Apple's names, or fastlane's rating file. "
        "Answers to unknown questions are passed on to Apple.",
        group=MORE,
        examples=("fastlane/rating_config.json", "gambling: false"),
    )
    review_info: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Information for Apple's reviewers, by fastlane's names. Put the password of a demo account into "
        "a secret.",
        group=MORE,
        secret=True,
        examples=("demo_password: ${{ secrets.DEMO_PASSWORD }}",),
    )
    review_attachments: tuple[str, ...] | None = given(
        kinds.LIST,
        "Paths of files for reviewers. The version keeps exactly these; `none` removes all. If omitted, "
        "the files at Apple stay.",
        group=MORE,
        examples=("review/how-to.pdf",),
    )
    third_party_content: bool | None = given(
        kinds.BOOLEAN, "Whether the app shows third-party content (content rights).", group=MORE
    )
    clear: tuple[str, ...] | None = given(
        kinds.LIST,
        "Texts to empty, in all locales that the step writes. An absent or empty file does not change a "
        "text.",
        group=MORE,
        examples=("subtitle, marketing-url",),
    )
    on_blocked: str = given(
        kinds.choice(("clean", "fail")),
        "Handling of characters that Apple refuses, such as emoji. `clean` removes them, with a warning.",
        group=MORE,
        default="clean",
    )
    deliverfile: str | None = deliverfile_input(RUN)
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=RUN, default="false")

    @property
    def cleared(self) -> tuple[str, ...]:
        """The texts to empty, by fastlane's names."""
        return tuple(name.replace("-", "_") for name in self.clear or ())

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of inputs that contradict each other."""
        yield from super().problems()
        for name in self.cleared:
            if name not in BY_NAME:
                hint = did_you_mean(name, BY_NAME).strip() or f"Choose from {', '.join(BY_NAME)}."
                yield Problem("clear", f"{kinds.quoted(name)} is not a text of a store page", hint)
        for name, known in (("categories", CATEGORIES), ("review_info", REVIEW)):
            for key in (getattr(self, name) or {}).keys() - known.keys():
                hint = did_you_mean(key, known).strip() or f"Choose from {', '.join(known)}."
                yield Problem(name.replace("_", "-"), f"{kinds.quoted(key)} is not known", hint)
        if self.release_notes and self.release_notes_file:
            yield given_together("release-notes-file", "release-notes")
        # With locales the step sees only a part of the files, and would remove all other locales.
        if self.remove_locales and (self.locales or self.target == "live"):
            other = "locales" if self.locales else "target: live"
            yield Problem("remove-locales", f"is given together with {other}", "Omit one of the two.")
        if self.target == "live":
            for name in _LIVE_INPUTS:
                if getattr(self, name) is not None:
                    dashed = name.replace("_", "-")
                    yield Problem(dashed, "cannot be changed with target: live", "Set target: edit.")
            for name in set(self.cleared) - {PROMOTIONAL_TEXT.name}:
                yield Problem("clear", f"{name} cannot be changed with target: live", "Set target: edit.")


def wanted_page(inputs: Inputs, year: int) -> WantedPage:
    """Return the page that files and inputs ask for, inputs first. Raises InputError with all that is wrong."""
    page = metadata_in(inputs.metadata, inputs.unknown_folders).beaten_by(_given(inputs))
    if inputs.locales:
        # A locale that has no folder stays in the request: the texts for all locales are meant for it as well.
        page = page.only(inputs.locales).with_locales(inputs.locales)
    return page.with_year(year)


def refuse(findings: list[Finding]) -> None:
    """Raise InputError with all findings that are errors; nothing if there is none."""
    problems = [
        Problem(str(finding.place), finding.message, finding.remedy)
        for finding in findings
        if finding.level == "error"
    ]
    if problems:
        raise InputError(problems)


def contradictions(inputs: Inputs, page: WantedPage) -> Iterator[Finding]:
    """Yield texts that are to be set and to be emptied."""
    for name in inputs.cleared:
        for locale, texts in page.texts.items():
            if name in texts:
                message = f"{locale} {name} is also in clear"
                yield Finding("clear", message, texts[name].place, "Remove it from one of the two.")


def all_findings(inputs: Inputs, page: WantedPage) -> list[Finding]:
    """Return all that is wrong or doubtful with a page."""
    return [*check_page(page), *contradictions(inputs, page)]


def _given(inputs: Inputs) -> WantedPage:
    page = read_yaml(inputs.texts, "texts") if inputs.texts else WantedPage()
    if inputs.release_notes:
        page = page.beaten_by(_notes(inputs.release_notes, "release-notes"))
    if inputs.release_notes_file:
        try:
            notes = text_of(inputs.release_notes_file)
        except ValueError as error:
            problem = Problem("release-notes-file", str(error), "Name a text file that the step can read.")
            raise InputError([problem]) from None
        page = page.beaten_by(_notes(notes, inputs.release_notes_file))
    single_inputs = WantedPage(
        copyright=Text(inputs.copyright, Place("copyright")) if inputs.copyright else None,
        categories=_texts(inputs.categories, "categories"),
        review=_texts(inputs.review_info, "review-info"),
        age_rating=inputs.age_rating or {},
    )
    return page.beaten_by(single_inputs)


def _notes(text: str, name: str) -> WantedPage:
    """Return the page with the release notes of a text for every locale, or of a mapping of locales to texts."""
    if not text.strip():
        return WantedPage()
    try:
        notes = read_notes(text)
    except ValueError as error:
        remedy = "Give each text once, below its locale; quote a text that has a colon."
        raise InputError([Problem(name, str(error), remedy)]) from None
    if isinstance(notes, str):
        return WantedPage(everywhere={RELEASE_NOTES.name: Text(notes.strip(), Place(name))})
    # Read like the input texts, so that spellings of locales and errors are the same in both.
    as_page = {locale: {RELEASE_NOTES.name: value} for locale, value in notes.items()}
    return read_yaml(json.dumps(as_page), name)


def _texts(values: Mapping[str, Any] | None, name: str) -> dict[str, Text]:
    return {
        key: Text(str(value).strip(), Place(name))
        for key, value in (values or {}).items()
        if str(value).strip()
    }
