"""The means of endpoints besides the records: the clock, the agenda, and the files."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asc_sandbox.agenda import Agenda
from asc_sandbox.authority.issuing import Authority
from asc_sandbox.clock import Clock
from asc_sandbox.pictures.gallery import Gallery
from asc_sandbox.plans import DEFAULT_STORE, DEFAULT_WEBHOOKS, Processing, Review, Store, Webhooks
from asc_sandbox.symbols.library import Library
from asc_sandbox.uploading.depot import Depot
from asc_sandbox.world import Record


@dataclass(frozen=True)
class Context:
    """The means of one sandbox. `exceptions` are apps, by bundle id, with a processing of their own.

    `outbox` holds the ids of webhook deliveries that wait to be sent.
    """

    clock: Clock
    agenda: Agenda
    depot: Depot
    symbols: Library
    processing: Processing
    review: Review
    exceptions: Mapping[str, Processing] = field(default_factory=dict)
    authority: Authority = field(default_factory=Authority)
    store: Store = DEFAULT_STORE
    gallery: Gallery = field(default_factory=Gallery)
    webhooks: Webhooks = DEFAULT_WEBHOOKS
    outbox: deque[str] = field(default_factory=deque)

    def processing_of(self, app: Record) -> Processing:
        """Return how the uploads of an app are processed."""
        return self.exceptions.get(str(app.attributes.get("bundleId")), self.processing)

    def now(self) -> datetime:
        """Return the time for the dates of records: the time of the change that is being made, or the clock's."""
        return datetime.fromtimestamp(self.agenda.now, UTC)
