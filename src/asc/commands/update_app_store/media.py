"""The screenshots of update-app-store: read, planned, uploaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from asc.api.client import Client
from asc.api.document import Resource
from asc.api.platforms import PLATFORMS
from asc.assets.upload import AssetUploader
from asc.commands.context import Context
from asc.commands.store_files import screenshots_in
from asc.commands.update_app_store.inputs import Inputs
from asc.store.media import Media, MediaSet, MediaSets
from asc.store.media_plan import Mode, SetPlan, plan_set
from asc.store.media_sync import Made, MediaSync
from asc.store.screenshots import Screenshots

log = logging.getLogger(__name__)

LISTS_AT_ONCE = 8


def local_screenshots(inputs: Inputs) -> Screenshots:
    """Return the screenshots of the repository; none for a live version, which takes none."""
    if inputs.target == "live":
        return Screenshots()
    return screenshots_in(inputs.screenshots, PLATFORMS[inputs.platform], inputs.locales)


def plan_media(client: Client, texts: Mapping[str, Resource], local: Screenshots, mode: str) -> list[SetPlan]:
    """Return a plan for each set of the repository: one request for each locale. `texts` are Apple's, by locale."""
    wanted = local.by_set()
    locales = list(dict.fromkeys(locale for locale, _ in wanted))
    there = _sets(_media(client, None), texts, locales)
    plans = []
    for (locale, display), files in wanted.items():
        text = texts.get(locale)
        found = there.get(locale, {}).get(display, MediaSet("", display))
        plans.append(plan_set(locale, text.id if text else "", found, files, cast(Mode, mode)))
    return plans


def sync_media(context: Context, client: Client, inputs: Inputs, plans: Sequence[SetPlan]) -> Made:
    """Carry out the plans. Raises Error with all that failed."""
    deadline = client.clock.monotonic() + inputs.timeout
    with context.storage(client, inputs.parallel) as storage:
        uploader = AssetUploader(client, storage, parallel=1)
        return MediaSync(client, _media(client, uploader), inputs.parallel, deadline).run(plans)


def _media(client: Client, uploader: AssetUploader | None) -> Media:
    return MediaSets(client, uploader)


def _sets(
    media: Media, texts: Mapping[str, Resource], locales: Sequence[str]
) -> dict[str, dict[str, MediaSet]]:
    known = [locale for locale in locales if locale in texts]
    if not known:
        return {}
    with ThreadPoolExecutor(min(LISTS_AT_ONCE, len(known))) as pool:
        return dict(zip(known, pool.map(lambda locale: media.sets(texts[locale].id), known), strict=True))
