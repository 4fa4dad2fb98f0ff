"""Makes the sets of a page show the files: upload, wait until Apple has processed them, and only then delete.

So the page never shows fewer pictures than before, but for a full set, where places have to be made first.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.errors import Findings
from asc.store.locale_sync import LocaleSync, Pace, Pools, UploadCounts
from asc.store.media import Media
from asc.store.media_plan import SetPlan
from asc.store.screenshots import MOST

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MediaSync:
    """Carries out plans of sets. `most` is the limit of files in a set."""

    client: Client
    media: Media
    pace: Pace
    most: int = MOST

    def run(self, plans: Iterable[SetPlan]) -> UploadCounts:
        """Carry out all plans. A locale that fails does not stop the others. Raises Error with all that failed."""
        by_text: dict[str, list[SetPlan]] = defaultdict(list)
        for plan in plans:
            if not plan.is_done:
                by_text[plan.text_id].append(plan)
        if not by_text:
            return UploadCounts()
        # What can be done is done: a picture that Apple refuses in one locale is no reason to leave the others old.
        findings = Findings()
        with ExitStack() as stack:
            # Threads of locales mostly wait: the other two pools bound the requests and uploads at a time.
            locales = stack.enter_context(ThreadPoolExecutor(len(by_text)))
            pools = Pools(
                stack.enter_context(ThreadPoolExecutor(self.pace.parallel)),
                stack.enter_context(ThreadPoolExecutor(REQUESTS_AT_ONCE)),
            )
            try:
                jobs = [
                    locales.submit(
                        LocaleSync(self.client, self.media, self.pace, self.most, pools, group).run
                    )
                    for group in by_text.values()
                ]
                results = [findings.result_of(job.result, UploadCounts()) for job in jobs]
            except BaseException:
                # Without a network, or at a signal, the files that have not begun must not begin.
                pools.cancel()
                raise
        findings.raise_all()
        return UploadCounts(sum(counts.files for counts in results), sum(counts.size for counts in results))
