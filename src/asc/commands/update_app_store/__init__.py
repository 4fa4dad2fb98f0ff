"""update-app-store: make the editable version in App Store Connect say what the repository says."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace

from asc import words
from asc.api.client import Client
from asc.api.platforms import PLATFORMS
from asc.changes.apply import apply
from asc.changes.change import Plan
from asc.commands.context import Context
from asc.commands.declaration import NOT_WRITTEN, Command, flag, output
from asc.commands.update_app_store.inputs import Inputs, all_findings, refuse, wanted_page
from asc.commands.update_app_store.media import (
    LocalMedia,
    MediaPlan,
    local_media,
    plan_copied_media,
    plan_media,
    sync_media,
)
from asc.commands.update_app_store.report import plan_table
from asc.errors import Error, Findings, InputError, Problem
from asc.store.comparing import check_after_refusal, compare_page
from asc.store.limits import PROMOTIONAL_TEXT
from asc.store.locale_sync import UploadCounts
from asc.store.media_plan import differences as media_differences
from asc.store.page import PAGE_READS, AppFacts, Page, await_texts, read_app, read_page
from asc.store.page_plan import Difference, PagePlan, UpdateOptions
from asc.store.previews import MOST as MOST_PREVIEWS
from asc.store.refusals import StoreRules, blocked_error, without_blocked_characters
from asc.store.screenshots import MOST
from asc.store.target import Choice, choose_target, make_version, rename_version
from asc.store.texts_plan import plan_page
from asc.store.version import StoreVersion, has_other_platforms, read_versions
from asc.store.wanted import WantedPage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outputs:
    """The ids and state of the version, and the changes that were made."""

    app_id: str = output("Apple's id of the app.")
    version_id: str = output("Apple's id of the version.")
    version: str = output("Number of the version.")
    version_state: str = output("Apple's state of the version, like `PREPARE_FOR_SUBMISSION`.")
    created: str = output("`true` if the step created the version.")
    changes: str = output("The differences as a JSON list: `locale`, `field`, `before`, `after`.")
    changed: str = output("`true` if anything was changed at Apple; with `dry-run`, if anything would be.")
    uploaded_screenshots: str = output("How many screenshots and previews were uploaded.")
    uploaded_bytes: str = output("How many bytes of them were uploaded.")
    app_store_url: str = output("Address of the app in the App Store.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Read the files, then Apple; print the plan; write it; and compare."""
    # Files come first, so that a wrong picture or text ends the step without a request.
    local = local_media(inputs)
    options = _options(inputs, context, local)
    client = context.connect(inputs)
    app = read_app(client, inputs.bundle_id, inputs.app_id)
    platform = PLATFORMS[inputs.platform]
    versions = read_versions(client, app.id, platform)
    choice = choose_target(versions, inputs.version, live=inputs.target == "live")
    page = _first_look(client, app, choice)
    if inputs.remove_locales and has_other_platforms(client, app.id, platform):
        # The names of an app are those of all its platforms.
        options = replace(options, keep_names=True)
    plan = plan_page(app, page, options, is_first=choice.is_first)
    # Pictures are planned before the texts are written, so that one plan holds all, and all of it is checked.
    media = plan_media(client, page, local, inputs.screenshots_mode)
    _tell(context, inputs, choice, plan, media)
    # A real run has changed nothing yet; a dry run says if it would.
    outputs = _outputs(app, choice, plan, media, changed=inputs.dry_run)
    context.outputs = outputs
    # The plan stands in the log and the outputs also if it is refused.
    _refuse_blocked(page, plan, media)
    if inputs.dry_run:
        log.info(NOT_WRITTEN)
        return outputs
    version, page = _version(client, app, platform, choice, page)
    context.outputs = outputs = replace(
        outputs, version_id=version.id, version_state=version.state, created=flag(choice.version is None)
    )
    # If texts fail, the step still writes the pictures, and the reverse. It reports all failures at the end.
    findings = Findings()
    findings.result_of(lambda: _write(client, app, page, options, is_first=choice.is_first), None)
    media = _media_now(client, app, choice, version, inputs, local, media)
    if media.all:
        counts = findings.result_of(lambda: sync_media(context, client, inputs, media), UploadCounts())
        outputs = replace(outputs, uploaded_screenshots=str(counts.files), uploaded_bytes=str(counts.size))
    context.outputs = outputs = replace(outputs, changed=flag(_differs(choice, plan, media)))
    findings.raise_all()
    return outputs


def _media_now(
    client: Client,
    app: AppFacts,
    choice: Choice,
    version: StoreVersion,
    inputs: Inputs,
    local: LocalMedia,
    before: MediaPlan,
) -> MediaPlan:
    """Return the plan of pictures after the texts were written: anew if the version or a locale was just made."""
    if choice.version is None and local.any:
        page = read_page(client, app.id, version)
        return plan_copied_media(client, page, local, inputs.screenshots_mode, before)
    # Pictures belong to the texts of a locale, and those of a new locale have an id only now.
    if any(not plan.text_id for plan in before.all):
        return plan_media(client, read_page(client, app.id, version), local, inputs.screenshots_mode)
    return before


def _refuse_blocked(page: Page, plan: PagePlan, media: MediaPlan) -> None:
    """Raise Error, before the first write, for changes that the state of the version or a limit does not allow."""
    pictures = [
        Difference(set_plan.locale, set_plan.display, "", "") for set_plan in media.all if set_plan.writes
    ]
    makes_review = any(change.kind == "appStoreReviewDetails" for change in plan.plan.changes)
    # Attachments belong to the review information: it exists, or this plan makes it, or they have no place.
    if media.attachments and not page.review and not makes_review:
        raise Error(
            "review-attachments: the version has no review information that they could belong to.",
            "Give the contact of the review with review-info, or in the folder review_information.",
        )
    locked = pictures if page.version and not page.version.is_editable else []
    if plan.blocked or locked:
        raise blocked_error([*plan.blocked, *locked], page.version.state if page.version else "")
    too_full = [set_plan for set_plan in media.screenshots if set_plan.total > MOST]
    if overfull := [*too_full, *(set_plan for set_plan in media.previews if set_plan.total > MOST_PREVIEWS)]:
        names = ", ".join(f"{set_plan.locale} {set_plan.display} ({set_plan.total})" for set_plan in overfull)
        raise Error(
            f"Apple accepts {MOST} screenshots and {MOST_PREVIEWS} previews of a type: {names}. Nothing was written.",
            "Set screenshots-mode: sync, or remove files.",
        )


def _options(inputs: Inputs, context: Context, local: LocalMedia) -> UpdateOptions:
    # A locale with pictures alone is made as well, because at Apple its pictures belong to its texts.
    page = wanted_page(inputs, context.now().year).with_locales(local.locales)
    # Masked before the findings are told, which quote texts of the page.
    for secret in page.secrets:
        context.hide(secret)
    findings = [*all_findings(inputs, page), *local.findings]
    refuse(findings)
    for finding in findings:
        log.warning("%s: %s. %s", finding.place, finding.message, finding.remedy)
    cleaned, lines = without_blocked_characters(page)
    if lines and inputs.on_blocked == "fail":
        remedy = "Take the characters out, or set on-blocked: clean."
        raise InputError([Problem("on-blocked", line, remedy) for line in lines])
    for line in lines:
        log.warning("%s", line)
    if inputs.target == "live":
        cleaned = _promotional_alone(cleaned)
    rights = {None: "", True: "USES_THIRD_PARTY_CONTENT", False: "DOES_NOT_USE_THIRD_PARTY_CONTENT"}
    if inputs.remove_locales and not cleaned.texts:
        remedy = "Set metadata to the folder with all locales that the page shall have."
        raise InputError(
            [Problem("remove-locales", "the files have no locale, so all locales would be removed", remedy)]
        )
    return UpdateOptions(cleaned, inputs.cleared, rights[inputs.third_party_content], inputs.remove_locales)


def _promotional_alone(page: WantedPage) -> WantedPage:
    """Return the page with the promotional texts alone: nothing else can change on a live version."""
    name = PROMOTIONAL_TEXT.name
    texts = {locale: {name: fields[name]} for locale, fields in page.texts.items() if name in fields}
    default = {name: page.default[name]} if name in page.default else {}
    return WantedPage(texts=texts, default=default)


def _first_look(client: Client, app: AppFacts, choice: Choice) -> Page:
    """Return the page as it is, or the one that Apple will copy into a version that is to be made."""
    page = read_page(client, app.id, choice.version or choice.base)
    if choice.version:
        return page
    copied = {
        # Apple copies all texts but the release notes.
        locale: replace(text, attributes={**text.attributes, "whatsNew": None})
        for locale, text in page.texts.items()
    }
    # A new version brings an app info that can be edited.
    info = replace(page.info, state="PREPARE_FOR_SUBMISSION") if page.info else None
    base = replace(choice.base, state="PREPARE_FOR_SUBMISSION") if choice.base else None
    return replace(page, version=base, texts=copied, info=info)


def _version(
    client: Client, app: AppFacts, platform: str, choice: Choice, page: Page
) -> tuple[StoreVersion, Page]:
    """Make or rename the version if needed, and return it with its page."""
    if choice.version is None:
        created = make_version(client, app.id, platform, choice.number)
        return created, await_texts(client, app.id, created, len(page.texts))
    if choice.is_renamed:
        rename_version(client, choice.version, choice.number)
    return choice.version, page


def _write(client: Client, app: AppFacts, page: Page, options: UpdateOptions, *, is_first: bool) -> None:
    """Write the differences of the page, then read it again and compare it with the options."""
    # The page was just read: only a plan after a lost answer reads it again.
    first_read = [page]

    def plan() -> Plan:
        at_apple = first_read.pop() if first_read else read_page(client, app.id, page.version)
        return plan_page(app, at_apple, options, is_first=is_first).plan

    try:
        done = apply(client, plan, StoreRules()).done
    except Error as error:
        # Apple locks a version that another job submitted meanwhile. That is no error if the page is as requested.
        check_after_refusal(client, app, page, options, error, is_first=is_first)
        return
    compare_page(client, app, page, options, done, is_first=is_first)


def _differs(choice: Choice, plan: PagePlan, media: MediaPlan) -> bool:
    return choice.version is None or choice.is_renamed or bool(plan.plan.changes) or media.writes


def _tell(context: Context, inputs: Inputs, choice: Choice, plan: PagePlan, media: MediaPlan) -> None:
    """Print the plan, in the log and in the summary, before anything is written."""
    if choice.version is None:
        log.info("Plan: create version %s", choice.number)
    elif choice.is_renamed:
        log.info("Plan: rename version %s to %s", choice.version.version, choice.number)
    for difference in plan.differences:
        log.info("Plan: %s", difference)
    for set_plan in media.all:
        log.info("Plan: %s", set_plan)
    if not _differs(choice, plan, media) and not plan.blocked:
        log.info("Nothing to do: the store page of version %s matches the files", choice.number)
    else:
        count = _requests(choice, plan, media)
        # All jobs of a key share Apple's hourly limit, so a large plan says what it costs before it begins.
        budget = context.client.traffic.budget if context.client else None
        left = f"; {budget.left} are left this hour" if budget else ""
        log.info("Plan: about %s%s", words.counted(count, "request"), left)
        if budget and count > budget.left:
            log.warning(
                "The plan needs more requests than are left, so the step waits for them (wait-for-budget)."
            )
    context.summary.append(plan_table(choice, plan, media.all, dry_run=inputs.dry_run))


def _requests(choice: Choice, plan: PagePlan, media: MediaPlan) -> int:
    """Return about how many requests the plan costs, reads included."""
    # A new version is read until Apple has copied the texts, and its sets of pictures are listed again.
    version = (
        1 + PAGE_READS + len({set_plan.locale for set_plan in media.all}) if choice.version is None else 0
    )
    texts = len(plan.plan.changes) + (PAGE_READS if plan.plan.changes else 0)
    return version + int(choice.is_renamed) + texts + sum(set_plan.requests for set_plan in media.all)


def _outputs(app: AppFacts, choice: Choice, plan: PagePlan, media: MediaPlan, *, changed: bool) -> Outputs:
    version = choice.version
    pictures = [
        {
            "locale": change.locale,
            "field": change.display,
            "before": "" if change.change == "added" else change.file,
            "after": f"{change.file} {change.change}".strip(),
        }
        for change in media_differences(media.all)
    ]
    return Outputs(
        app_id=app.id,
        version_id=version.id if version else "",
        version=choice.number,
        version_state=version.state if version else "",
        # Apple's id, its state and these counts follow once there is a version, and files are sent.
        created="false",
        changes=json.dumps([*map(vars, plan.differences), *pictures], ensure_ascii=False),
        changed=flag(changed and _differs(choice, plan, media)),
        uploaded_screenshots="0",
        uploaded_bytes="0",
        app_store_url=f"https://apps.apple.com/app/id{app.id}",
    )


COMMAND = Command(
    name="update-app-store",
    summary="Write the texts and screenshots in the repository to the editable version on the App Store.",
    description=(
        "Compares the texts, screenshots, categories, age rating and review information of a repository "
        "with App Store Connect, prints the differences, and writes them. fastlane's folders work without"
        " changes. A second run writes nothing. Fields that the repository does not mention stay as they "
        "are."
    ),
    role="App Manager or Admin",
    icon="edit",
    example="""\
- uses: OWNER/REPO/actions/update-app-store@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
    version: 1.6.0
    metadata: fastlane/metadata
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
