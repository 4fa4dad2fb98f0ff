"""download-app-store: a version's store page, its texts, pictures and videos, in fastlane's folders."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from asc import words
from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.platforms import PLATFORMS
from asc.apps import texts
from asc.builds.number import same_value
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, given, output
from asc.commands.naming import PLATFORM, AppInputs
from asc.commands.store_files import LOCALES
from asc.errors import Error, Findings, Problem
from asc.job import summary
from asc.partial_files import delete_leftovers
from asc.store.media import PREVIEWS as PREVIEW_SETS
from asc.store.media import SCREENSHOTS as SCREENSHOT_SETS
from asc.store.media import MediaNames, MediaSets
from asc.store.page import Page, read_page
from asc.store.saving import page_files, save
from asc.store.saving_media import MediaSaver, Saved
from asc.store.screenshots import AT_ONCE
from asc.store.target import choose_target
from asc.store.version import StoreVersion, read_versions
from asc.words import listed

log = logging.getLogger(__name__)

METADATA, SCREENSHOTS, PREVIEWS = "metadata", "screenshots", "previews"
PARTS = (METADATA, SCREENSHOTS, PREVIEWS)
"""The parts that can be downloaded, by the names of their folders."""


_MEDIA = {SCREENSHOTS: SCREENSHOT_SETS, PREVIEWS: PREVIEW_SETS}


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The inputs of download-app-store, for one version."""

    platform: str = given(PLATFORM, "Platform of the version.", group="App", default="ios")
    target: str = given(
        kinds.choice(("edit", "live")),
        "Which version: the one that can be edited or is in review, or the one that is live.",
        group="Version",
        default="edit",
    )
    version: str | None = given(
        kinds.version(),
        "The number that the version must have. If omitted, the step accepts any number.",
        group="Version",
        examples=("1.6.0",),
    )
    include: tuple[str, ...] = given(
        kinds.LIST,
        "What to download: `metadata` (texts, categories, review information), `screenshots`, `previews`.",
        group="Files",
        default=", ".join(PARTS),
        examples=(METADATA,),
    )
    locales: tuple[str, ...] | None = given(
        LOCALES, "Only these locales.", group="Files", examples=("en-US, de-DE",)
    )
    directory: str = given(
        kinds.PATH,
        f"fastlane's folder. The step creates `{METADATA}`, `{SCREENSHOTS}` and `{PREVIEWS}` in it.",
        group="Files",
        default="fastlane",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each entry of `include` that is no part of a store page."""
        yield from super().problems()
        for part in self.include:
            if part not in PARTS:
                hint = words.did_you_mean(part, PARTS).strip() or f"Choose from {', '.join(PARTS)}."
                yield Problem("include", f"{kinds.quoted(part)} is not a part of a store page", hint)


@dataclass(frozen=True)
class Outputs:
    """The outputs of download-app-store for later steps."""

    app_id: str = output("Apple's id of the app.")
    version_id: str = output("Apple's id of the version.")
    version: str = output("Number of the version.")
    version_state: str = output("Apple's state of the version, like `PREPARE_FOR_SUBMISSION`.")
    metadata: str = output("The folder with the texts, for the input `metadata` of update-app-store.")
    screenshots: str = output(
        "The folder with the screenshots, for the input `screenshots` of update-app-store."
    )
    previews: str = output("The folder with the previews, for the input `previews` of update-app-store.")
    written: str = output("How many files were new or different; `0` if no file changed.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the version and its page, and write the files that differ."""
    client = context.connect(inputs)
    app, platform = inputs.app(client), PLATFORMS[inputs.platform]
    versions = read_versions(client, app.id, platform)
    live = inputs.target == "live"
    version = _chosen(versions, inputs.version, live=live)
    page = read_page(client, app.id, version, live=live)
    locales = _locales(page, inputs.locales)
    folder = Path(inputs.directory).absolute()
    written: list[str] = []
    # Texts come first, so that they are there even if a picture cannot be downloaded.
    if METADATA in inputs.include:
        names = save(folder / METADATA, page_files(page, locales))
        written += [f"{METADATA}/{name}" for name in names]
    findings = Findings()
    for part, set_names in _MEDIA.items():
        if part in inputs.include:
            saved = _save_media(context, client, page, locales, set_names, folder / part, platform)
            written += [f"{part}/{path}" for path in saved.written]
            findings.result_of(saved.findings.raise_all, None)
            for path in saved.deleted:
                log.info("Deleted %s/%s: Apple no longer shows it", part, path)
    log.info("Wrote %s of %s into %s", words.counted(len(written), "file"), version, folder)
    context.summary.append(_summary(version, locales, written))
    # A file that failed leaves these outputs: the others are there for a later step.
    context.outputs = outputs = Outputs(
        app_id=app.id,
        version_id=version.id,
        version=version.version,
        version_state=version.state,
        **{part: str(folder / part) if part in inputs.include else "" for part in PARTS},
        written=str(len(written)),
    )
    findings.raise_all()
    return outputs


def _save_media(
    context: Context,
    client: Client,
    page: Page,
    locales: Sequence[str],
    names: MediaNames,
    folder: Path,
    platform: str,
) -> Saved:
    """Download the files of one kind into a folder. The sets of the locales are listed side by side."""
    media = MediaSets(client, None, names)
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        listed_sets = pool.map(lambda locale: media.sets(page.texts[locale].id), locales)
        sets = dict(zip(locales, listed_sets, strict=True))
    # A killed step may have left hidden parts of files, which nobody should commit.
    delete_leftovers([folder, *(path for path in folder.rglob("*") if path.is_dir())], context.clock.now())
    with context.storage(client, AT_ONCE) as storage:
        return MediaSaver(storage, folder, platform).save(sets)


def _chosen(versions: Sequence[StoreVersion], number: str | None, *, live: bool) -> StoreVersion:
    """Return the version that is meant. Raises Error if there is none, or if its number is not the given one."""
    if live:
        version = choose_target(versions, number, live=True).version
    else:
        # A version in review counts as well: it cannot be edited, but its page can be read.
        version = next((candidate for candidate in versions if not candidate.is_settled), None)
    if version is None:
        meant = f"version: {number} is requested, but the app" if number else "The app"
        remedy = "Set target: live, or make a version with update-app-store."
        raise Error(f"{meant} has no version that can be edited.", remedy)
    # The number is a check and no choice, because Apple allows one version in preparation.
    if number and not same_value(version.version, number):
        raise Error(
            f"version: {number} is requested, but the version in preparation is {version.version}.",
            f"Give version {version.version}, or set target: live.",
        )
    return version


def _locales(page: Page, requested: Sequence[str] | None) -> list[str]:
    """Return the locales to write. Raises Error for one that the version does not have."""
    # A folder enables its locale in update-app-store, so that a locale of the app info alone gets none.
    if page.info and (nameless := sorted(page.info.texts.keys() - page.texts.keys())):
        log.warning("The version has no texts in %s; the app's names there are left out.", listed(nameless))
    if requested is None:
        chosen = sorted(page.texts)
    else:
        # A locale of the input is found in any case, and its folder gets Apple's spelling.
        spelled = {locale.lower(): locale for locale in page.texts}
        if missing := [locale for locale in requested if locale.lower() not in spelled]:
            raise Error(
                f"locales: the version has no texts in {listed(missing)}; it has {listed(sorted(page.texts))}.",
                "Remove the locales that the version lacks.",
            )
        chosen = [spelled[locale.lower()] for locale in requested]
    for locale in chosen:
        try:
            # A name of a folder: it must not lead elsewhere.
            texts.locale(locale)
        except ValueError as error:
            remedy = "Name the other locales in locales, and report the name."
            raise Error(f"Apple sent a text of a locale without a proper name: {error}.", remedy) from None
    return chosen


def _summary(version: StoreVersion, locales: Sequence[str], written: Sequence[str]) -> str:
    text = summary.heading("Store page downloaded")
    label = f"{version}, {words.counted(len(locales), 'locale')}."
    if not written:
        return text + summary.paragraph(f"{label} The files say it already.")
    return text + summary.paragraph(label) + summary.table(("File",), [(name,) for name in written])


COMMAND = Command(
    name="download-app-store",
    summary="Download a version's store page, texts and pictures, into fastlane's folders.",
    description=(
        "Writes the texts, categories, review information, screenshots and previews of the editable or "
        "the live version into fastlane's folders. It does not touch equal files and never deletes your "
        "files. Right after a download, update-app-store finds no difference."
    ),
    role="App Manager or Admin",
    icon="download",
    example="""\
- uses: OWNER/REPO/actions/download-app-store@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
