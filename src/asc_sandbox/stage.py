"""What endpoints have at hand besides the records: the time, what is still to come, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asc_sandbox.agenda import Agenda
from asc_sandbox.authority.office import Authority
from asc_sandbox.clock import Clock
from asc_sandbox.pictures.gallery import Gallery
from asc_sandbox.plans import DEFAULT_STORE, Processing, Review, Store
from asc_sandbox.symbols.library import Library
from asc_sandbox.uploading.depot import Depot
from asc_sandbox.world import Record


@dataclass(frozen=True)
class Stage:
    """One for each sandbox. `exceptions` are the apps, by bundle id, that are processed in another way."""

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

    def processing_of(self, app: Record) -> Processing:
        """What becomes of the uploads of an app."""
        return self.exceptions.get(str(app.attributes.get("bundleId")), self.processing)

    def now(self) -> datetime:
        """The time at which things happen, for the dates of records."""
        return datetime.fromtimestamp(self.agenda.now, UTC)
