"""The screenshots and previews of update-app-store: read, planned, uploaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.document import Resource
from asc.api.platforms import PLATFORMS
from asc.assets.upload import AssetUploader
from asc.commands.context import Context
from asc.commands.store_files import NONE, previews_in, screenshots_in
from asc.commands.update_app_store.inputs import Inputs
from asc.errors import Findings
from asc.store.attachments import ATTACHMENTS, ReviewAttachments, plan_attachments, read_attachments
from asc.store.attachments import MOST as MOST_ATTACHMENTS
from asc.store.locale_sync import Pace, UploadCounts
from asc.store.media import PREVIEWS, SCREENSHOTS, Media, MediaSet, MediaSets
from asc.store.media_plan import Mode, SetPlan, plan_set
from asc.store.media_sync import MediaSync
from asc.store.page import APPEARS, Page
from asc.store.previews import MIME_TYPES
from asc.store.previews import MOST as MOST_PREVIEWS
from asc.store.screenshots import Screenshots
from asc.store.wanted import Finding

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalMedia:
    """The screenshots and previews of the repository."""

    screenshots: Screenshots = field(default_factory=Screenshots)
    previews: Screenshots = field(default_factory=Screenshots)
    attachments: Screenshots | None = None
    """Files for reviewers; None if Apple's stay as they are."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings about the files of all kinds."""
        attachments = self.attachments.findings if self.attachments else ()
        return (*self.screenshots.findings, *self.previews.findings, *attachments)

    @property
    def any(self) -> bool:
        """Return True if there is anything to compare with Apple's."""
        return bool(self.screenshots.files or self.previews.files) or self.attachments is not None

    @property
    def locales(self) -> list[str]:
        """Return the locales with screenshots or previews."""
        files = (*self.screenshots.files, *self.previews.files)
        return list(dict.fromkeys(file.locale for file in files))


@dataclass(frozen=True)
class MediaPlan:
    """The plans of the sets that have to change."""

    screenshots: tuple[SetPlan, ...] = ()
    previews: tuple[SetPlan, ...] = ()
    attachments: tuple[SetPlan, ...] = ()

    @property
    def all(self) -> tuple[SetPlan, ...]:
        """Return the plans of screenshots, of previews and of attachments."""
        return (*self.screenshots, *self.previews, *self.attachments)

    @property
    def new_pictures(self) -> int:
        """Return how many screenshots and previews are to be uploaded."""
        return sum(len(plan.add) for plan in (*self.screenshots, *self.previews))

    @property
    def writes(self) -> bool:
        """Return True if something has to be written. Files that are only waited for are no change."""
        return any(plan.writes for plan in self.all)


def local_media(inputs: Inputs) -> LocalMedia:
    """Return the files of the repository; none for a live version: Apple takes no files for it."""
    if inputs.target == "live":
        return LocalMedia()
    platform = PLATFORMS[inputs.platform]
    return LocalMedia(
        screenshots_in(inputs.screenshots, platform, inputs.locales),
        previews_in(inputs.previews, platform, inputs.locales),
        _attachments(inputs.review_attachments),
    )


def _attachments(paths: Sequence[str] | None) -> Screenshots | None:
    return None if paths is None else read_attachments(() if tuple(paths) == (NONE,) else paths)


def plan_media(client: Client, page: Page, local: LocalMedia, mode: str) -> MediaPlan:
    """Return the writes for the media, after one request for each locale and kind. `page` is Apple's."""
    pictures = _plans(MediaSets(client, None, SCREENSHOTS), page.texts, local.screenshots, mode)
    videos = _plans(MediaSets(client, None, PREVIEWS), page.texts, local.previews, mode)
    return MediaPlan(pictures, videos, _attachment_plans(client, page.review, local.attachments))


def plan_copied_media(
    client: Client, page: Page, local: LocalMedia, mode: str, before: MediaPlan
) -> MediaPlan:
    """Return the plan for a version that was just made. `before` is the one for the version that Apple copies.

    Apple may copy pictures later than texts, and a picture that is sent meanwhile would be there twice. So this waits
    for Apple's copies, for a minute at most.
    """
    plan = plan_media(client, page, local, mode)
    for pause in APPEARS:
        if plan.new_pictures <= before.new_pictures:
            break
        log.info("Waiting for Apple to copy the pictures of the last version")
        client.pause(pause)
        plan = plan_media(client, page, local, mode)
    return plan


def _attachment_plans(
    client: Client, review: Resource | None, local: Screenshots | None
) -> tuple[SetPlan, ...]:
    if local is None:
        return ()
    existing = MediaSet("", ATTACHMENTS)
    if review:
        existing = ReviewAttachments(client, None).sets(review.id)[ATTACHMENTS]
    plan = plan_attachments(existing, local.files)
    return () if plan.is_done else (plan,)


def sync_media(context: Context, client: Client, inputs: Inputs, plan: MediaPlan) -> UploadCounts:
    """Carry out the plans whose locale is there, and count the uploads. Raises Error with all failures."""
    # One deadline for screenshots, previews and attachments, because `timeout` is about the step.
    deadline = client.clock.monotonic() + inputs.timeout
    pace = Pace(inputs.parallel, deadline, waits=inputs.wait == "processing")

    def details(path: Path) -> dict[str, str]:
        frame = {"previewFrameTimeCode": inputs.preview_frame} if inputs.preview_frame else {}
        return {"mimeType": MIME_TYPES[path.suffix.lower()], **frame}

    findings = Findings()
    with context.storage(client, inputs.parallel) as storage:
        # Several files are sent side by side, so the parts of one file are sent one after the other.
        uploader = AssetUploader(client, storage, parallel=1)
        pictures = MediaSync(client, MediaSets(client, uploader), pace)
        videos = MediaSync(client, MediaSets(client, uploader, PREVIEWS, details), pace, MOST_PREVIEWS)
        screenshots = findings.result_of(lambda: pictures.run(_possible(plan.screenshots)), UploadCounts())
        previews = findings.result_of(lambda: videos.run(_possible(plan.previews)), UploadCounts())
        attachments = MediaSync(client, ReviewAttachments(client, uploader), pace, MOST_ATTACHMENTS)
        findings.result_of(lambda: attachments.run(_possible(plan.attachments)), UploadCounts())
    findings.raise_all()
    return UploadCounts(screenshots.files + previews.files, screenshots.size + previews.size)


def _possible(plans: Sequence[SetPlan]) -> list[SetPlan]:
    # A locale, or review information, that could not be created was reported already.
    return [plan for plan in plans if plan.text_id]


def _plans(media: Media, texts: Mapping[str, Resource], local: Screenshots, mode: str) -> tuple[SetPlan, ...]:
    files_by_set = local.by_set()
    sets = _sets(media, texts, list(dict.fromkeys(locale for locale, _ in files_by_set)))
    plans = []
    # Sets without files in the folder are not looked at, because they never change.
    for (locale, display), files in files_by_set.items():
        text = texts.get(locale)
        existing = sets.get(locale, {}).get(display, MediaSet("", display))
        plans.append(plan_set(locale, text.id if text else "", existing, files, cast(Mode, mode)))
    return tuple(plan for plan in plans if not plan.is_done)


def _sets(
    media: Media, texts: Mapping[str, Resource], locales: Sequence[str]
) -> dict[str, dict[str, MediaSet]]:
    # A locale that the plan still has to make has no sets at Apple.
    known = [locale for locale in locales if locale in texts]
    if not known:
        return {}
    with ThreadPoolExecutor(min(REQUESTS_AT_ONCE, len(known))) as pool:
        return dict(zip(known, pool.map(lambda locale: media.sets(texts[locale].id), known), strict=True))
